"""Extremes over squares, fast, and the openings and closings that they make.

Flow: surface of lowest points -> [here] -> layers.lidar.ground_filters.
Source: running extremes by doubling: an extreme over 2 n cells is that of two over n, so a window
of any length costs the logarithm of its length (the aim of van Herk, 1992, Pattern Recognit.
Lett. 13, in a form that suits whole arrays). Equals scipy.ndimage bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fusionls.geo.raster import FloatArray
from fusionls.geo.window import row_strips

_STRIP_CELLS = 1 << 17
"""Cells at a time: what fits the processor's cache, several times over."""
Extreme = Callable[[FloatArray, FloatArray], FloatArray]


def lowest_within(surface: FloatArray, reach: int) -> FloatArray:
    """The lowest cell of the square around each cell (erosion).

    Args:
        surface: (H, W).
        reach: Cells from the middle of the square to its edge, 1 at least.
    """
    return _in_strips(surface, reach, np.minimum)


def highest_within(surface: FloatArray, reach: int) -> FloatArray:
    """The highest cell of the square around each cell (dilation); see :func:`lowest_within`."""
    return _in_strips(surface, reach, np.maximum)


def lowest_around(surface: FloatArray, inner: int, outer: int) -> FloatArray:
    """The lowest cell of the frame between two squares around each cell.

    Args:
        surface: (H, W).
        inner: Cells from the middle to the edge of the square that does not count.
        outer: Cells to the edge of the one that does.

    Returns:
        (H, W); infinite where no cell of the frame lies on the grid.
    """
    rows, cols = surface.shape
    thick, beyond = outer - inner, outer + inner + 1
    padded = np.pad(surface, outer, constant_values=np.inf)
    bands = _running(_running(padded.T, 2 * outer + 1, np.minimum).T, thick, np.minimum)
    found = np.minimum(bands[:rows], bands[beyond : beyond + rows])
    middle = _running(padded[thick : rows + outer + inner], 2 * inner + 1, np.minimum)
    bands = _running(middle.T, thick, np.minimum).T
    for band in (bands[:, :cols], bands[:, beyond : beyond + cols]):
        np.minimum(found, band, out=found)
    return found


def opened(surface: FloatArray, reach: int) -> FloatArray:
    """The surface cut off above, where a square does not fit under it."""
    return highest_within(lowest_within(surface, reach), reach)


def _in_strips(surface: FloatArray, reach: int, extreme: Extreme) -> FloatArray:
    rows, cols = surface.shape
    found, length = np.empty_like(surface), 2 * reach + 1
    for strip in row_strips(rows, cols, max(_STRIP_CELLS // cols, 2 * reach, 16)):
        bottom = strip.row + strip.height
        top, low = max(strip.row - reach, 0), min(bottom + reach, rows)
        across = _running(_framed(surface[top:low].T, reach, reach), length, extreme).T
        # what is missing of a square, at the upper and the lower edge, is level with the edge
        above, below = reach - (strip.row - top), reach - (low - bottom)
        found[strip.row : bottom] = _running(_framed(across, above, below), length, extreme)
    return found


def _framed(values: FloatArray, before: int, after: int) -> FloatArray:
    """The first row repeated before, and the last one after: np.pad without its cost."""
    rows = len(values)
    found = np.empty_like(values, shape=(before + rows + after, *values.shape[1:]))
    found[before : before + rows] = values
    found[:before], found[before + rows :] = values[0], values[-1]
    return found


def _running(padded: FloatArray, length: int, extreme: Extreme) -> FloatArray:
    """Extremes over so many rows; one less than that fewer of them."""
    known = 1
    while known * 2 <= length:
        padded = extreme(padded[:-known], padded[known:])
        known *= 2
    rest = length - known
    return extreme(padded[:-rest], padded[rest:]) if rest else padded
