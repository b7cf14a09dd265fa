"""How much sky a cell sees, and how open the ground is above and below it.

Flow: elevation -> [here] -> stack.
Source: Zaksek, Ostir and Kokalj (2011), Sky-view factor as a relief visualization technique,
Remote Sens. 3, eq. 3 (SVF = 1 - mean of sin of the horizon angles); Yokoyama, Shirasawa and Pike
(2002), Visualizing topography by openness, PE&RS 68 (mean zenith and nadir angles).
Differs: rays go to the nearest cells at whole steps along 16 directions, with the true distance
of those cells; both ends of a ray share one difference, which halves the work.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from fusionls.geo.cell_size import Cell
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.spec import Plane
from fusionls.layers.terrain.neighbourhood import sides

DIRECTIONS = 16
SKY_VIEW, ABOVE, BELOW = 'sky_view', 'openness_positive', 'openness_negative'


def ray_offsets(reach: int) -> list[list[tuple[int, int]]]:
    """Cells (rows, cols) along half of the directions, each once; the others are opposite.

    Args:
        reach: Length of a ray, cells.
    """
    rays = []
    for direction in range(DIRECTIONS // 2):
        angle = 2 * math.pi * direction / DIRECTIONS
        cells = (
            (round(-step * math.cos(angle)), round(step * math.sin(angle)))
            for step in range(1, reach + 1)
        )
        rays.append(list(dict.fromkeys(cells)))
    return rays


def horizon_layers(
    elevation: FloatArray, valid: BoolArray, cell: Cell, reach: int, wanted: Collection[str]
) -> dict[str, Plane]:
    """Sky-view factor and openness in one pass over the rays.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).
        cell: Cell side, metres, or the sides row by row.
        reach: Length of the rays, cells.
        wanted: Which of ``sky_view`` (share of the sky seen, 0 to 1), ``openness_positive`` and
            ``openness_negative`` (mean angle from zenith, or nadir, to the horizon, degrees; 90
            for flat ground).

    Returns:
        Values and valid (H, W) by name. A cell is valid where it and every cell on its rays are.
    """
    east, north = sides(elevation, valid, cell)
    rows, cols = elevation.shape
    inner = (slice(reach, rows - reach), slice(reach, cols - reach))
    shape = (max(rows - 2 * reach, 0), max(cols - 2 * reach, 0))
    filled = np.where(valid, elevation, np.float32(0)).astype(np.float32, copy=False)
    sums: dict[str, FloatArray] = {name: np.zeros(shape, np.float32) for name in wanted}
    sound = np.zeros((rows, cols), bool)
    if all(shape):
        for ray in ray_offsets(reach):
            _add_ray(filled, east, north, reach, ray, sums)
        sound[inner] = _rays_valid(valid, reach, shape)
    found: dict[str, Plane] = {}
    for name, total in sums.items():
        values = np.zeros((rows, cols), np.float32)
        mean = total / np.float32(DIRECTIONS)
        part = 1 - mean if name == SKY_VIEW else 90 - np.rad2deg(mean)
        np.copyto(values[inner], part, where=sound[inner])
        found[name] = (values, sound)
    return found


def _add_ray(
    filled: FloatArray,
    east: np.float32 | FloatArray,
    north: np.float32 | FloatArray,
    reach: int,
    ray: list[tuple[int, int]],
    sums: dict[str, FloatArray],
) -> None:
    """Add what the two ends of a ray see: sines of horizons, angles above, angles below."""
    rows, cols = filled.shape
    height, width = rows - 2 * reach, cols - 2 * reach
    upper = BELOW in sums
    ends = [np.full((height, width), -np.inf, np.float32) for _ in range(2)]
    lows = [np.full((height, width), np.inf, np.float32) for _ in range(2)] if upper else []
    tangent = np.empty((height, width), np.float32)
    centre = slice(reach, reach + height)
    for row, col in ray:
        per_metre: Any = 1 / np.hypot(row * north, col * east)
        if isinstance(per_metre, np.ndarray) and per_metre.ndim:
            per_metre = per_metre[centre]
        # the rise from a cell to the one at the step, for every cell that is an end of either
        top, bottom = reach + min(0, -row), reach + height + max(0, -row)
        left, right = reach + min(0, -col), reach + width + max(0, -col)
        rise = (
            filled[top + row : bottom + row, left + col : right + col]
            - filled[top:bottom, left:right]
        )
        for far, sign in enumerate((1, -1)):
            # seen from the far end the same rise is a fall
            first = reach - top - (row if sign < 0 else 0)
            start = reach - left - (col if sign < 0 else 0)
            part = rise[first : first + height, start : start + width]
            np.multiply(part, np.float32(sign) * per_metre, out=tangent)
            np.maximum(ends[far], tangent, out=ends[far])
            if upper:
                np.minimum(lows[far], tangent, out=lows[far])
    for end in ends:
        if SKY_VIEW in sums:
            horizon = np.maximum(end, 0)
            sums[SKY_VIEW] += horizon / np.sqrt(1 + horizon * horizon)
        if ABOVE in sums:
            sums[ABOVE] += np.arctan(end)
    for deepest in lows:
        sums[BELOW] += np.arctan(-deepest)


def _rays_valid(valid: BoolArray, reach: int, shape: tuple[int, int]) -> BoolArray:
    height, width = shape
    if valid.all():
        return np.ones(shape, bool)
    sound = valid[reach : reach + height, reach : reach + width].copy()
    for ray in ray_offsets(reach):
        for row, col in ray:
            for sign in (1, -1):
                top, left = reach + sign * row, reach + sign * col
                sound &= valid[top : top + height, left : left + width]
    return sound
