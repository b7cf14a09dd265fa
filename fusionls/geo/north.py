"""Turn vectors and azimuths from the north of one grid to that of another.

Flow: geo.resample (values of a source on the target's pixels) -> [here] -> stack.
Source: meridian convergence of a map projection, Snyder (1987), Map Projections: A Working
Manual, USGS PP 1395, ch. 3; here by displacing points along the meridian through PROJ, which
serves every projection alike.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pyproj
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.geo.grid import Grid
from fusionls.geo.raster import FloatArray
from fusionls.geo.window import Window
from fusionls.quantities import Kind

_STEP = 64
"""Pixels between points whose convergence is computed; it changes slowly."""
_NORTHWARD = 1e-3
"""Degrees of latitude a point is moved along its meridian (about 111 m)."""

Angles = NDArray[np.float64]


def convergence(grid: Grid, window: Window) -> Angles:
    """Angle from the grid's north (its columns) to true north.

    Args:
        grid: Any grid.
        window: Pixels of it; may hang over the edge.

    Returns:
        (h, w) degrees, clockwise positive: true north lies so far to the east of grid north.
        Zero for a grid in degrees. Where the projection is not defined, zero.
    """
    if grid.crs.is_geographic:
        return np.zeros((window.height, window.width))
    # points on multiples of the step in the grid, so that windows equal the whole
    first_row, first_col = window.row // _STEP, window.col // _STEP
    rows = np.arange(first_row, (window.row + window.height) // _STEP + 2) * _STEP
    cols = np.arange(first_col, (window.col + window.width) // _STEP + 2) * _STEP
    east = grid.west + (cols + 0.5) * grid.pixel_width
    north = grid.north - (rows + 0.5) * grid.pixel_height
    easts, norths = np.meshgrid(east, north)
    angle = _meridian_angle(_to_degrees(grid.crs.to_wkt()), easts, norths)
    at = np.meshgrid(
        (np.arange(window.height) + window.row) / _STEP - first_row,
        (np.arange(window.width) + window.col) / _STEP - first_col,
        indexing='ij',
    )
    found: Angles = ndimage.map_coordinates(angle, at, order=1)
    return found


@functools.lru_cache(maxsize=16)
def _to_degrees(wkt: str) -> pyproj.Transformer:
    crs = pyproj.CRS.from_wkt(wkt)
    return pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)


def _meridian_angle(to_degrees: pyproj.Transformer, east: Angles, north: Angles) -> Angles:
    longitude, latitude = to_degrees.transform(east, north)
    # away from the pole that is near, then turned back
    step = np.where(np.asarray(latitude) > 0, -_NORTHWARD, _NORTHWARD)
    moved = to_degrees.transform(longitude, latitude + step, direction='INVERSE')
    toward = np.sign(step)
    with np.errstate(invalid='ignore'):
        angle = np.rad2deg(np.arctan2(toward * (moved[0] - east), toward * (moved[1] - north)))
    return np.where(np.isfinite(angle), angle, 0.0)


def north_turn(source: Grid, source_north_is_true: bool, target: Grid, window: Window) -> Angles:
    """How far the north of a source lies clockwise from the columns of a target.

    Args:
        source: Grid whose columns the source's azimuths are counted from.
        source_north_is_true: They are counted from the meridian instead.
        target: Grid the values were brought to.
        window: Pixels of the target.

    Returns:
        (h, w) degrees to be added to azimuths of the source.
    """
    if not source_north_is_true and source.crs == target.crs:
        return np.zeros((window.height, window.width))
    turn = convergence(target, window)
    if source_north_is_true or source.crs.is_geographic:
        return turn
    return turn - _convergence_there(source, target, window)


def _convergence_there(source: Grid, target: Grid, window: Window) -> Angles:
    """The source's convergence at the pixels of the target."""
    cols, rows = np.meshgrid(
        window.col + np.arange(window.width) + 0.5, window.row + np.arange(window.height) + 0.5
    )
    east = target.west + cols * target.pixel_width
    north = target.north - rows * target.pixel_height
    to_source = pyproj.Transformer.from_crs(target.crs, source.crs, always_xy=True)
    easts, norths = to_source.transform(east, north)
    return _meridian_angle(_to_degrees(source.crs.to_wkt()), np.asarray(easts), np.asarray(norths))


def partner_of(name: str) -> str | None:
    """The north component that belongs to an east component, by name; None where none can.

    Example:
        >>> partner_of('insar_los_east_asc'), partner_of('terrain_aspect_sin')
        ('insar_los_north_asc', 'terrain_aspect_cos')
    """
    for east, north in (('east', 'north'), ('sin', 'cos')):
        tokens = name.split('_')
        if east in tokens:
            tokens[tokens.index(east)] = north
            return '_'.join(tokens)
    return None


def north_partners(names: Sequence[str], kinds: Sequence[Kind]) -> dict[int, int]:
    """Index of the north component by that of the east component it belongs to."""
    known = {n: i for i, (n, k) in enumerate(zip(names, kinds, strict=True)) if k is Kind.NORTH}
    return {
        i: known[partner]
        for i, (name, kind) in enumerate(zip(names, kinds, strict=True))
        if kind is Kind.EAST and (partner := partner_of(name)) in known
    }


def turned_north(
    values: FloatArray, kinds: Sequence[Kind], names: Sequence[str], angle: Angles
) -> FloatArray:
    """Count azimuths and vector components from another north.

    Args:
        values: (C, h, w).
        kinds: Kind of each of the C layers.
        names: Their names; an east component belongs to the north component named like it. A
            component alone is left as it is: a degree of turn changes it by 0.02 % of itself,
            and by 2 % of the one that is not known.
        angle: (h, w) degrees to be added to azimuths (clockwise).

    Returns:
        (C, h, w), a new array where anything turns.
    """
    if not angle.any():
        return values
    turned = values.copy()
    radians = np.deg2rad(angle)
    sine, cosine = np.sin(radians), np.cos(radians)
    for i, kind in enumerate(kinds):
        if kind is Kind.AZIMUTH:
            turned[i] = np.mod(values[i] + angle, 360.0)
    for e, n in north_partners(names, kinds).items():
        turned[e] = values[e] * cosine + values[n] * sine
        turned[n] = values[n] * cosine - values[e] * sine
    return turned
