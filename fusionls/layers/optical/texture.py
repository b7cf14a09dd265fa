"""Local standard deviation of brightness: rough debris against smooth cover.

Flow: optical brightness -> [here] -> stack, loader.
Source: standard deviation within a square window, Haralick (1979), Statistical and structural
approaches to texture, Proc. IEEE 67(5), as the first-order measure.
Differs: invalid pixels have no part in it, and it is invalid where fewer than half of the
window's pixels are valid. Sums are made shift by shift in float64, never by running sums, so
that strips equal the whole bit for bit; the cost grows with the side of the window, not its area.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.cell_size import Cell, CellSize
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.spec import Plane, Wanted

MIN_VALID_SHARE = 0.5
"""Share of the window's pixels that must be valid."""


def window_reach(parameters: Mapping[str, float], pixel: float) -> int:
    """Pixels from the middle of the window to its edge, one at least."""
    return max(1, round(parameters['r'] / pixel))


def local_deviation(
    values: FloatArray, valid: BoolArray, reach_rows: int, reach_cols: int
) -> Plane:
    """Standard deviation over a rectangle around each pixel.

    Args:
        values: (H, W); anything where invalid.
        valid: (H, W).
        reach_rows: Rows from the middle of the rectangle to its edge.
        reach_cols: Columns, the same.

    Returns:
        (H, W) float32 in the unit of ``values``, >= 0, zero where invalid; and valid: True where
        the pixel itself and at least half of the rectangle are. Beyond the array nothing is
        valid.

    Example:
        >>> board = np.indices((5, 5)).sum(axis=0).astype(np.float32) % 2
        >>> deviation, _ = local_deviation(board, board < 2, 1, 1)
        >>> round(float(deviation[2, 2]), 4)  # four or five of nine: sqrt(20) / 9
        0.4969
    """
    kept = np.where(valid, values, np.float32(0)).astype(np.float64)
    count = _sums(valid.astype(np.float64), reach_rows, reach_cols)
    total = _sums(kept, reach_rows, reach_cols)
    squares = _sums(kept * kept, reach_rows, reach_cols)
    area = (2 * reach_rows + 1) * (2 * reach_cols + 1)
    sound = valid & (count >= MIN_VALID_SHARE * area)
    safe = np.where(sound, count, 1.0)
    mean = np.where(sound, total, 0.0) / safe
    variance = np.maximum(np.where(sound, squares, 0.0) / safe - mean * mean, 0.0)
    return np.sqrt(variance).astype(np.float32), sound


def _sums(values: NDArray[np.float64], reach_rows: int, reach_cols: int) -> NDArray[np.float64]:
    """Sums over the rectangle around each pixel; nothing is added beyond the array."""
    rows, cols = values.shape
    wide = np.pad(values, ((0, 0), (reach_cols, reach_cols)))
    across = np.zeros((rows + 2 * reach_rows, cols))
    inner = across[reach_rows : reach_rows + rows]
    for shift in range(2 * reach_cols + 1):
        inner += wide[:, shift : shift + cols]
    found = np.zeros((rows, cols))
    for shift in range(2 * reach_rows + 1):
        found += across[shift : shift + rows]
    return found


def texture_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Standard deviation of brightness in windows of the radii wanted."""
    ((brightness, valid),) = parts
    return [_texture(brightness, valid, layer.parameters, cell) for layer in wanted]


def _texture(
    brightness: FloatArray, valid: BoolArray, parameters: Mapping[str, float], cell: Cell
) -> Plane:
    if not isinstance(cell, CellSize):
        reach = window_reach(parameters, cell)
        return local_deviation(brightness, valid, reach, reach)
    # each row has a window of its own; neighbouring rows nearly always share it
    by_row = [
        (window_reach(parameters, north), window_reach(parameters, east))
        for north, east in zip(cell.north.tolist(), cell.east.tolist(), strict=True)
    ]
    values, sound = np.zeros(valid.shape, np.float32), np.zeros(valid.shape, bool)
    for reaches in sorted(set(by_row)):
        found, known = local_deviation(brightness, valid, *reaches)
        rows = [row for row, own in enumerate(by_row) if own == reaches]
        values[rows], sound[rows] = found[rows], known[rows]
    return values, sound
