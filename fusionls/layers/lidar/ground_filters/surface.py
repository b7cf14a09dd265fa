"""What ground filters share: the surface of lowest points, openings of it, the ground between.

Flow: lowest point per cell -> [here] -> the filters of this folder.
Source: Pingel, Clarke and McBride (2013), An improved simple morphological filter for the terrain
classification of airborne LIDAR data, ISPRS J. 77: voids filled, low outliers taken out,
progressive opening, tolerance growing with the slope.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from fusionls.errors import PointCloudError
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.lidar.bare_earth import BareEarth
from fusionls.layers.lidar.interpolation import filled
from fusionls.layers.lidar.openings import highest_within, lowest_around, lowest_within

PIT_DEPTH = 2.0
"""Metres by which a point lies below the ground if it is that far below all around it."""
PIT_WIDTH = 4.0
"""Metres across which several such points may lie side by side."""
PIT_AROUND = 3.0
"""Metres around them that are looked at. The lowest point there counts, not the next ones: in a
forest the neighbours of a point on the ground stand in the trees."""
Allowed = Callable[[float], float | FloatArray]
"""Metres that the surface may stand above its opening of a radius in metres, and be ground."""


def cleaned(lowest: FloatArray, valid: BoolArray, pixel: float) -> tuple[FloatArray, BoolArray]:
    """The surface of lowest points without voids and low outliers.

    Args:
        lowest: (H, W) metres; anything where invalid.
        valid: (H, W).
        pixel: Cell side, metres.

    Returns:
        (H, W) metres in every cell, and the cells whose point is no outlier.

    Raises:
        PointCloudError: No cell is valid.
        ValueError: ``pixel`` is not positive.
    """
    if not pixel > 0:
        raise ValueError(f'pixel must be > 0 m, got {pixel}')
    if not valid.any():
        raise PointCloudError('no cell holds a point, so there is no ground to find')
    surface = filled(lowest, valid, sweeps=0)
    inner = max(round(PIT_WIDTH / 2 / pixel), 1)
    # about the plane through all, or the lowest corner of a hillside lies below all around it
    level = surface - plane_through(surface, valid)
    around = lowest_around(level, inner, inner + max(round(PIT_AROUND / pixel), 2))
    pits = valid & (around - level > PIT_DEPTH) & np.isfinite(around)
    sound = valid & ~pits
    if pits.any() and sound.any():
        surface = filled(lowest, sound, sweeps=0)
    return surface, sound


def plane_through(surface: FloatArray, valid: BoolArray) -> FloatArray:
    """The plane through the valid cells by least squares; level where there is none."""
    if not valid.any():
        return np.zeros_like(surface)
    row, col = (np.arange(size, dtype=np.float64) - size / 2 for size in surface.shape)
    weight = valid.astype(np.float64)
    height = np.where(valid, surface, 0).astype(np.float64)
    by_row, by_col = weight.sum(1), weight.sum(0)
    cross = row @ weight @ col
    normal = [
        [by_row.sum(), by_row @ row, by_col @ col],
        [by_row @ row, by_row @ row**2, cross],
        [by_col @ col, cross, by_col @ col**2],
    ]
    sums = [height.sum(), row @ height.sum(1), height.sum(0) @ col]
    level, down, along = np.linalg.lstsq(np.array(normal), np.array(sums), rcond=1e-12)[0]
    found: FloatArray = (level + down * row[:, None] + along * col).astype(np.float32)
    return found


def standing_out(
    surface: FloatArray, pixel: float, window: float, allowed: Allowed, growth: float = 1.0
) -> BoolArray:
    """Cells that stand out of openings of ever larger radius: objects.

    Args:
        surface: (H, W) metres.
        pixel: Cell side, metres.
        window: Largest radius, metres.
        allowed: How far a cell may stand out of the opening of a radius.
        growth: Factor from a radius to the next; by one cell at least.
    """
    objects = np.zeros(surface.shape, bool)
    last = eroded = surface
    largest = max(math.ceil(window / pixel), 1)
    before, reach = 0, 1
    while True:
        # an erosion goes on from the last one, and an opening by a larger square is that of any
        # smaller opening
        eroded = lowest_within(eroded, reach - before)
        lower = highest_within(eroded, reach)
        objects |= last - lower > allowed(reach * pixel)
        if reach == largest:
            return objects
        last, before = lower, reach
        reach = min(max(reach + 1, round(reach * growth)), largest)


def between_ground(
    surface: FloatArray,
    ground: BoolArray,
    pixel: float,
    tolerance: float,
    per_slope: float,
    trend: FloatArray | None = None,
) -> BareEarth:
    """The bare earth through the ground cells.

    Args:
        surface: (H, W) metres.
        ground: (H, W) cells that are ground.
        pixel: Cell side, metres.
        tolerance: Metres within which points of flat ground lie on it.
        per_slope: Metres more per unit of slope (rise over run).
        trend: (H, W) metres; what is interpolated is the height above it. None for sea level.

    Raises:
        PointCloudError: No cell is ground.
    """
    if not ground.any():
        raise PointCloudError(
            'no cell is ground: every lowest point stands out of its surroundings. Is the cloud '
            'one of the ground at all, and its unit right?'
        )
    if trend is None:
        elevation = filled(surface, ground)
    else:
        elevation = trend + filled(surface - trend, ground)
    within = tolerance + per_slope * steepness(elevation, pixel)
    return BareEarth(elevation, within.astype(np.float32), ground)


def steepness(surface: FloatArray, pixel: float) -> FloatArray:
    """Rise over run."""
    if min(surface.shape) < 2:
        return np.zeros_like(surface)
    down, along = np.gradient(surface, pixel)
    found: FloatArray = np.hypot(down, along)
    return found
