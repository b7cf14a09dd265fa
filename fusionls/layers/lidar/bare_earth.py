"""What a ground filter finds: the bare earth under a point cloud, and which points lie on it.

Flow: lowest point per cell -> layers.lidar.ground_filters -> [this form] -> sources.lidar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.raster import BoolArray, FloatArray


@dataclass(frozen=True)
class BareEarth:
    """The ground of a grid.

    Attributes:
        elevation: (H, W) metres, in every cell.
        tolerance: (H, W) metres above or below it within which a point lies on the ground.
        ground: (H, W) cells whose lowest point is ground.
    """

    elevation: FloatArray
    tolerance: FloatArray
    ground: BoolArray


class GroundFilter(Protocol):
    """Tells ground from objects."""

    def bare_earth(self, lowest: FloatArray, valid: BoolArray, pixel: float) -> BareEarth:
        """Find the ground.

        Args:
            lowest: (H, W) lowest point of each cell, metres; anything where invalid.
            valid: (H, W) cells with a point.
            pixel: Cell side, metres.

        Raises:
            PointCloudError: No cell is valid.
        """


def is_ground(
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    heights: NDArray[np.float64],
    bare: BareEarth,
) -> BoolArray:
    """Which points lie on the ground.

    Args:
        rows: (n,) in cells from the upper edge: 0.5 is the middle of the first cell.
        cols: (n,) in cells from the left edge.
        heights: (n,) metres.
        bare: The ground; bilinear between the middles of its cells.
    """
    height, width = bare.elevation.shape
    row, col = rows - 0.5, cols - 0.5
    top = np.clip(np.floor(row).astype(np.intp), 0, max(height - 2, 0))
    left = np.clip(np.floor(col).astype(np.intp), 0, max(width - 2, 0))
    down = np.clip(row - top, 0, 1).astype(np.float32)
    right = np.clip(col - left, 0, 1).astype(np.float32)
    corner = top * width + left
    below = width if height > 1 else 0
    beside = 1 if width > 1 else 0

    def between(values: FloatArray) -> FloatArray:
        flat = values.ravel()
        upper = flat[corner] + right * (flat[corner + beside] - flat[corner])
        under = corner + below
        lower = flat[under] + right * (flat[under + beside] - flat[under])
        found: FloatArray = upper + down * (lower - upper)
        return found

    return np.abs(heights - between(bare.elevation)) <= between(bare.tolerance)
