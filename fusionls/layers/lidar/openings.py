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


def opened(surface: FloatArray, reach: int) -> FloatArray:
    """The surface cut off above, where a square does not fit under it."""
    return highest_within(lowest_within(surface, reach), reach)


def closed(surface: FloatArray, reach: int) -> FloatArray:
    """The surface filled up, where a square does not fit above it."""
    return lowest_within(highest_within(surface, reach), reach)


def _in_strips(surface: FloatArray, reach: int, extreme: Extreme) -> FloatArray:
    rows, cols = surface.shape
    found = np.empty_like(surface)
    for strip in row_strips(rows, cols, max(_STRIP_CELLS // cols, 2 * reach, 16)):
        bottom = strip.row + strip.height
        top, low = max(strip.row - reach, 0), min(bottom + reach, rows)
        across = _along(_framed(surface[top:low].T, reach, reach), reach, extreme).T
        # what is missing of a square, at the upper and the lower edge, is level with the edge
        above, below = reach - (strip.row - top), reach - (low - bottom)
        found[strip.row : bottom] = _along(_framed(across, above, below), reach, extreme)
    return found


def _framed(values: FloatArray, before: int, after: int) -> FloatArray:
    """The first row repeated before, and the last one after: np.pad without its cost."""
    rows = len(values)
    found = np.empty_like(values, shape=(before + rows + after, *values.shape[1:]))
    found[before : before + rows] = values
    found[:before], found[before + rows :] = values[0], values[-1]
    return found


def _along(padded: FloatArray, reach: int, extreme: Extreme) -> FloatArray:
    """Extremes over windows of rows; ``reach`` rows fewer at both ends."""
    length, known = 2 * reach + 1, 1
    while known * 2 <= length:
        padded = extreme(padded[:-known], padded[known:])
        known *= 2
    rest = length - known
    return extreme(padded[:-rest], padded[rest:])
