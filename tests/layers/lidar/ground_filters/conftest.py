from __future__ import annotations

import numpy as np
import pytest

# row, column, rows, columns, height
BOXES = [(10, 12, 8, 11, 5.0), (30, 40, 14, 9, 9.0), (50, 15, 5, 5, 4.0), (48, 52, 3, 3, 12.0)]


@pytest.fixture
def with_boxes():
    """Puts boxes on a surface, whose roofs follow it; gives it with them, and where they are."""

    def put(surface):
        raised, boxes = surface.copy(), np.zeros(surface.shape, bool)
        for row, col, high, wide, tall in BOXES:
            raised[row : row + high, col : col + wide] += tall
            boxes[row : row + high, col : col + wide] = True
        return raised, boxes

    return put
