"""How a cell lies among the cells around it: position and relief at a radius.

Flow: elevation -> [here] -> stack.
Source: Weiss (2001), Topographic position and landforms analysis, ESRI user conference (TPI);
with the 3x3 window it is that of gdaldem.
Differs: sums run over whole numbers of 2^-16 m, so that they are exact, and strips equal the
whole bit for bit; a rounding of 8 micrometres.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.spec import Plane
from fusionls.layers.terrain.neighbourhood import Neighbourhood

_STEP = 65536.0  # fixed point: parts of a metre


def reach_of(radius: float, pixel: float) -> int:
    """Cells that a radius in metres reaches, one at least."""
    return max(1, round(radius / pixel))


def topographic_position(elevation: FloatArray, valid: BoolArray, reach: int) -> Plane:
    """Height above the mean of a disc around the cell, the cell itself left out.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).
        reach: Radius of the disc, cells: those whose centres lie within ``reach`` + 1/2, which
            for 1 is all of 3x3 (see :func:`position_of_nine`).

    Returns:
        (H, W) metres, positive on ridges; invalid where a cell of the disc is, or is missing.
    """
    rows, cols = elevation.shape
    height, width = rows - 2 * reach, cols - 2 * reach
    values, sound = np.zeros((rows, cols), np.float32), np.zeros((rows, cols), bool)
    if height <= 0 or width <= 0:
        return values, sound
    filled = np.where(valid, elevation, np.float32(0)).astype(np.float64)
    heights = np.rint(filled * _STEP).astype(np.int64)
    sums, cells = _disc_sums(heights, reach)
    inner = (slice(reach, rows - reach), slice(reach, cols - reach))
    sums -= heights[inner]
    mean = sums / ((cells - 1) * _STEP)
    values[inner] = (filled[inner] - mean).astype(np.float32)
    if valid.all():
        sound[inner] = True
    else:
        sound[inner] = _disc_sums((~valid).astype(np.int64), reach)[0] == 0
        values[~sound] = 0
    return values, sound


def position_of_nine(around: Neighbourhood) -> FloatArray:
    """Height above the mean of the eight neighbours, a run, metres."""
    first, *others = around.bends
    total = first + others[0]
    for bend in others[1:]:
        total += bend
    total *= np.float32(-1 / 8)
    return total


def _disc_sums(numbers: NDArray[np.int64], reach: int) -> tuple[NDArray[np.int64], int]:
    """Sums over the disc around every inner cell, and how many cells it has."""
    rows, cols = numbers.shape
    height, width = rows - 2 * reach, cols - 2 * reach
    running = np.zeros((rows, cols + 1), np.int64)
    np.cumsum(numbers, axis=1, out=running[:, 1:])
    total, cells = np.zeros((height, width), np.int64), 0
    for row in range(-reach, reach + 1):
        half = math.isqrt(int((reach + 0.5) ** 2 - row * row))
        band = running[reach + row : reach + row + height]
        right = reach + half + 1
        left = reach - half
        total += band[:, right : right + width]
        total -= band[:, left : left + width]
        cells += 2 * half + 1
    return total, cells


def local_relief(elevation: FloatArray, valid: BoolArray, reach: int) -> Plane:
    """Highest minus lowest cell of a square window.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).
        reach: Half side of the window, cells.

    Returns:
        (H, W) metres; invalid where a cell of the window is, or is missing.
    """
    size = 2 * reach + 1
    values, sound = np.zeros(elevation.shape, np.float32), np.zeros(elevation.shape, bool)
    rows, cols = elevation.shape
    if min(rows, cols) < size:
        return values, sound
    filled = np.where(valid, elevation, np.float32(0)).astype(np.float32, copy=False)
    inner = (slice(reach, rows - reach), slice(reach, cols - reach))
    spread = ndimage.maximum_filter(filled, size) - ndimage.minimum_filter(filled, size)
    sound[inner] = True
    if not valid.all():
        sound[inner] = ndimage.minimum_filter(valid, size)[inner]
    np.copyto(values, spread, where=sound)
    return values, sound
