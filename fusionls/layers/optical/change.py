"""What changed between two images of one place: differences, length of the change vector.

Flow: layers ``..._post`` and ``..._pre`` -> [here] -> stack, loader.
Source: change vector analysis, Malila (1980), Change vector analysis: an approach for detecting
forest changes with Landsat, Purdue LARS Symposium, p. 326.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusionls.geo.cell_size import Cell
from fusionls.layers.optical.indices import all_valid
from fusionls.layers.spec import Plane, Wanted


def change_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """First minus second, where both are valid."""
    valid = all_valid(parts)
    after, before = (np.where(valid, values, np.float32(0)) for values, _ in parts)
    return [(after - before, valid) for _ in wanted]


def change_magnitude_family(
    parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell
) -> list[Plane]:
    """Length of the vector of band differences; parts are bands after, then the same before."""
    valid = all_valid(parts)
    half = len(parts) // 2
    squares = np.zeros(valid.shape, np.float32)
    for (after, _), (before, _) in zip(parts[:half], parts[half:], strict=True):
        moved = np.where(valid, after, np.float32(0)) - np.where(valid, before, np.float32(0))
        squares += moved * moved
    return [(np.sqrt(squares), valid) for _ in wanted]
