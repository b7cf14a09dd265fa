"""Values of a raster between its pixels, with invalid pixels without weight.

Flow: positions (geo.coordinate_grid, or a tile's warp) -> [here] -> geo.resample,
datasets.transforms.
Source: cubic convolution, Keys (1981), IEEE Trans. Acoust. Speech Signal Process. 29(6), eq. 15,
a = -1/2: exact for parabolas, so that curvature survives.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.coordinate_grid import Positions
from fusionls.geo.raster import BoolArray, FloatArray

MIN_VALID_WEIGHT = 0.5
"""Share of the weight that must be valid for the result to be valid."""
_NUDGE = 1e-9  # pixels; a position that is a whole number but for rounding is that number


class Sampler:
    """Samples of arrays of one shape at given positions; the work they share is done once.

    Args:
        cols: Positions, in pixels from the left edge of the arrays; infinite ones are invalid.
        rows: The same from the upper edge.
        shape: Rows and columns of the arrays.
    """

    def __init__(self, cols: Positions, rows: Positions, shape: tuple[int, int]) -> None:
        self._shape = shape
        height, width = shape
        # the position of a pixel is that of its middle
        with np.errstate(invalid='ignore'):
            self._inside = (cols >= 0) & (cols < width) & (rows >= 0) & (rows < height)
        self._all_inside = bool(self._inside.all())
        if not self._all_inside:
            cols = np.where(self._inside, cols, 0.5)
            rows = np.where(self._inside, rows, 0.5)
        self._cols, self._rows = cols, rows

    def nearest(self, values: FloatArray, valid: BoolArray) -> tuple[FloatArray, BoolArray]:
        """The pixel each position lies in."""
        col = (self._cols + _NUDGE).astype(np.intp)
        row = (self._rows + _NUDGE).astype(np.intp)
        flat = np.minimum(row, self._shape[0] - 1) * self._shape[1]
        flat += np.minimum(col, self._shape[1] - 1)
        sound = valid.ravel().take(flat) & self._inside
        return values.ravel().take(flat), sound

    def bilinear(self, values: FloatArray) -> FloatArray:
        """Weighted means of the four pixels around each position; edge pixels go on outside."""
        corner, right, down, along, below = self._corners()
        flat = np.ascontiguousarray(values).ravel()
        upper = _between(flat, corner, right, along)
        corner = corner + down
        lower = _between(flat, corner, right, along)
        lower -= upper
        lower *= below
        upper += lower
        return upper

    def cubic(self, values: FloatArray) -> FloatArray:
        """Cubic convolution of the sixteen pixels around each position; edge pixels go on."""
        height, width = self._shape
        flat = np.ascontiguousarray(values).ravel()
        left, top = np.floor(self._cols - (0.5 - _NUDGE)), np.floor(self._rows - (0.5 - _NUDGE))
        along = _keys((self._cols - (0.5 - _NUDGE) - left).astype(np.float32))
        below = _keys((self._rows - (0.5 - _NUDGE) - top).astype(np.float32))
        first_col, first_row = left.astype(np.intp) - 1, top.astype(np.intp) - 1
        cols = [np.clip(first_col + k, 0, width - 1) for k in range(4)]
        total = np.zeros(left.shape, np.float32)
        for k in range(4):
            row = np.clip(first_row + k, 0, height - 1) * width
            line = along[0] * flat.take(row + cols[0])
            for weight, col in zip(along[1:], cols[1:], strict=True):
                line += weight * flat.take(row + col)
            line *= below[k]
            total += line
        return total

    def surrounded(self, valid: BoolArray) -> BoolArray:
        """Whether the sixteen pixels around each position are there and valid."""
        whole = np.zeros(self._shape, bool)
        across = valid[:, :-3] & valid[:, 1:-2] & valid[:, 2:-1] & valid[:, 3:]
        whole[1:-2, 1:-2] = across[:-3] & across[1:-2] & across[2:-1] & across[3:]
        # by the pixel whose middle lies next before the position
        cols = np.maximum(np.floor(self._cols - (0.5 - _NUDGE)).astype(np.intp), 0)
        rows = np.maximum(np.floor(self._rows - (0.5 - _NUDGE)).astype(np.intp), 0)
        found: BoolArray = whole.ravel().take(rows * self._shape[1] + cols) & self._inside
        return found

    @property
    def inside(self) -> BoolArray:
        """Whether each position lies inside the arrays."""
        return self._inside

    def _corners(
        self,
    ) -> tuple[NDArray[np.intp], NDArray[np.intp] | int, NDArray[np.intp] | int, FloatArray, ...]:
        if not hasattr(self, '_parts'):
            height, width = self._shape
            col, row = self._cols - (0.5 - _NUDGE), self._rows - (0.5 - _NUDGE)
            left, top = np.floor(col), np.floor(row)
            along = (col - left).astype(np.float32)
            below = (row - top).astype(np.float32)
            first_col, first_row = left.astype(np.intp), top.astype(np.intp)
            right: NDArray[np.intp] | int = 1
            down: NDArray[np.intp] | int = width
            if first_col.size and (
                first_col.min() < 0
                or first_row.min() < 0
                or first_col.max() >= width - 1
                or first_row.max() >= height - 1
            ):
                next_col = np.clip(first_col + 1, 0, width - 1)
                next_row = np.clip(first_row + 1, 0, height - 1)
                np.clip(first_col, 0, width - 1, out=first_col)
                np.clip(first_row, 0, height - 1, out=first_row)
                right, down = next_col - first_col, (next_row - first_row) * width
            corner = first_row
            corner *= width
            corner += first_col
            self._parts = corner, right, down, along, below
        return self._parts


def _keys(t: FloatArray) -> list[FloatArray]:
    """Weights of the four pixels around a position ``t`` pixels behind the second of them."""
    squared, cubed = t * t, t * t * t
    half = np.float32(0.5)
    last = half * (cubed - squared)
    first = half * (2 * squared - cubed - t)
    third = half * (4 * squared - 3 * cubed + t)
    return [first, 1 - first - third - last, third, last]


def _between(
    flat: FloatArray, corner: NDArray[np.intp], right: NDArray[np.intp] | int, along: FloatArray
) -> FloatArray:
    near = flat.take(corner)
    far = flat[1:].take(corner) if isinstance(right, int) else flat.take(corner + right)
    far -= near
    far *= along
    near += far
    return near
