"""What ground filters share: the surface of lowest points, openings of it, the ground between.

Flow: lowest point per cell -> [here] -> the filters of this folder.
Source: Pingel, Clarke and McBride (2013), An improved simple morphological filter for the terrain
classification of airborne LIDAR data, ISPRS J. 77: voids filled, low outliers found on the
surface turned upside down, progressive opening, tolerance growing with the slope.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from fusionls.errors import PointCloudError
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.lidar.bare_earth import BareEarth
from fusionls.layers.lidar.interpolation import filled
from fusionls.layers.lidar.openings import closed, highest_within, lowest_within

PIT_SLOPE = 5.0
"""Rise over run of a pit of one cell, beyond which its point lies below the ground (500 %)."""
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
    pits = valid & (closed(surface, 1) - surface > PIT_SLOPE * pixel)
    sound = valid & ~pits
    if pits.any() and sound.any():
        surface = filled(lowest, sound, sweeps=0)
    return surface, sound


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
