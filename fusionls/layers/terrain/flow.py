"""Where water gathers: catchment area and topographic wetness index of a whole scene.

Flow: elevation of the whole scene -> [here] -> stack.
Source: Planchon and Darboux (2001), A fast, simple and versatile algorithm to fill the
depressions of digital elevation models, Catena 46 (filling, with a tiny fall so that filled
ground drains); Freeman (1991), Calculating catchment area with divergent flow based on a regular
grid, Computers & Geosciences 17 (shares fall^1.1 to every lower neighbour); Beven and Kirkby
(1979), Hydrol. Sci. Bull. 24 (ln(a / tan slope)).
Differs: a void and the rim take up the water that reaches them; nothing is routed through voids.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.cell_size import Cell
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.spec import Plane
from fusionls.layers.terrain.neighbourhood import sides
from fusionls.layers.terrain.slope import horn_gradient

FALL = 1e-4
"""Metres by which filled ground falls from cell to cell toward its outlet."""
EXPONENT = 1.1
"""Freeman's exponent: larger ones gather the water into fewer paths."""
LEAST_TANGENT = 1e-3
"""Slope (metres per metre) below which ground counts as that steep in the wetness index."""
_STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
Heights = NDArray[np.float64]


def filled_depressions(elevation: FloatArray, valid: BoolArray) -> Heights:
    """Raise every closed depression to its outlet, falling by :data:`FALL` a cell toward it.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).

    Returns:
        (H, W) metres, float64; minus infinity where invalid.
    """
    ground = np.full((elevation.shape[0] + 2, elevation.shape[1] + 2), -np.inf)
    np.copyto(ground[1:-1, 1:-1], elevation, where=valid)
    water = np.where(np.isinf(ground), ground, np.inf)
    # seen from each of four sides, a row lowers its water to that of the row before it
    views = [
        (turn(ground), turn(water))
        for turn in (lambda a: a, lambda a: a[::-1], lambda a: a.T, lambda a: a.T[::-1])
    ]
    changed = True
    while changed:
        before = water.copy()
        for bed, level in views:
            for row in range(1, len(bed) - 1):
                above = level[row - 1]
                inflow = np.minimum(np.minimum(above[:-2], above[1:-1]), above[2:])
                along = np.minimum(level[row, :-2], level[row, 2:])
                lowest = np.maximum(bed[row, 1:-1], np.minimum(inflow, along) + FALL)
                np.minimum(level[row, 1:-1], lowest, out=level[row, 1:-1])
        changed = not np.array_equal(before, water)
    return water[1:-1, 1:-1]


def catchment_area(elevation: FloatArray, valid: BoolArray, cell: Cell) -> Plane:
    """Area that drains through each cell, its own included.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).
        cell: Cell side, metres, or the sides row by row.

    Returns:
        (H, W) square metres, at least the cell's own; valid where the elevation is.
    """
    east, north = (
        np.broadcast_to(side, elevation.shape).astype(np.float64)
        for side in _full(sides(elevation, valid, cell), elevation.shape)
    )
    level = filled_depressions(elevation, valid)
    rows, cols = level.shape
    framed = np.full((rows + 2, cols + 2), -np.inf)
    framed[1:-1, 1:-1] = level
    falls = np.zeros((len(_STEPS), rows, cols))
    for fall, (row, col) in zip(falls, _STEPS, strict=True):
        there = framed[1 + row : 1 + row + rows, 1 + col : 1 + col + cols]
        known = np.isfinite(there) & valid
        drop = np.subtract(level, there, out=np.zeros_like(level), where=known)
        np.maximum(drop / np.hypot(row * north, col * east), 0, out=fall)
    falls **= EXPONENT
    total = falls.sum(0)
    shares = np.divide(falls, total, out=np.zeros_like(falls), where=total > 0)
    # a cell at the rim or beside a void gives all of its water to them
    sinks = _beside_nothing(valid)
    shares[:, sinks] = 0
    area = _accumulated(np.where(valid, east * north, 0.0), shares)
    return np.where(valid, area, 0).astype(np.float32), valid.copy()


def _full(pair: tuple, shape: tuple[int, ...]) -> tuple:
    return tuple(np.broadcast_to(side, shape) for side in pair)


def _beside_nothing(valid: BoolArray) -> BoolArray:
    """Cells at the rim of the array or beside an invalid one."""
    framed = np.zeros((valid.shape[0] + 2, valid.shape[1] + 2), bool)
    framed[1:-1, 1:-1] = valid
    around = np.ones(valid.shape, bool)
    for row, col in _STEPS:
        around &= framed[1 + row : 1 + row + valid.shape[0], 1 + col : 1 + col + valid.shape[1]]
    return ~around


def _accumulated(own: Heights, shares: NDArray[np.float64]) -> Heights:
    """Hand areas down from cell to cell, all cells that wait for no other at a time."""
    rows, cols = own.shape
    area = own.ravel().copy()
    flat = shares.reshape(len(_STEPS), -1)
    steps = np.array([row * cols + col for row, col in _STEPS])
    waits = np.zeros(rows * cols, np.int8)
    for share, step in zip(flat, steps, strict=True):
        givers = np.flatnonzero(share)
        waits[givers + step] += 1
    ready = np.flatnonzero(waits == 0)
    while ready.size:
        given = flat[:, ready]
        direction, which = np.nonzero(given)
        takers = ready[which] + steps[direction]
        np.add.at(area, takers, given[direction, which] * area[ready[which]])
        np.subtract.at(waits, takers, 1)
        touched = np.unique(takers)
        ready = touched[waits[touched] == 0]
    return area.reshape(rows, cols)


def wetness(elevation: FloatArray, valid: BoolArray, cell: Cell, area: FloatArray) -> Plane:
    """Topographic wetness index ln(a / tan slope), a the catchment per metre of contour.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).
        cell: Cell side, metres, or the sides row by row.
        area: Catchment area, (H, W), square metres.

    Returns:
        (H, W), ln of metres; valid where the slope is. Slopes below :data:`LEAST_TANGENT` count
        as that steep.
    """
    east, north, sound = horn_gradient(elevation, valid, cell)
    width = _full(sides(elevation, valid, cell), elevation.shape)
    contour = np.sqrt(width[0].astype(np.float64) * width[1])
    tangent = np.maximum(np.sqrt(east * east + north * north), LEAST_TANGENT)
    index = np.log(np.where(sound, area / contour / tangent, 1.0))
    return index.astype(np.float32), sound
