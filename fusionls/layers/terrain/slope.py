"""Gradient, steepest slope and the direction it falls to.

Flow: stack.align (elevation in metric square pixels), or a DEM in degrees -> [here] -> stack.
Source: Horn (1981) by default, Zevenbergen and Thorne (1987) on request; see
layers.terrain.neighbourhood.
"""

from __future__ import annotations

import numpy as np

from fusionls.geo.cell_size import Cell
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.spec import Plane
from fusionls.layers.terrain.angle import degrees_of
from fusionls.layers.terrain.neighbourhood import HALO, Neighbourhood

__all__ = ['HALO', 'horn_gradient', 'slope_degrees']


def horn_gradient(
    elevation: FloatArray, valid: BoolArray, pixel: Cell
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Rise of the ground toward the east and toward the north.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).
        pixel: Cell side, metres, or the sides row by row.

    Returns:
        Rise toward the east and toward the north, metres per metre, and valid, all (H, W). Zero
        and invalid on the rim and wherever the 3x3 kernel touches an invalid cell.

    Raises:
        ValueError: ``pixel`` is not positive, or the arrays are not of one 2-D shape.
    """
    around = Neighbourhood.of(elevation, valid, pixel)
    if around.is_empty:
        nothing = np.zeros(elevation.shape, np.float32)
        return nothing, nothing.copy(), np.zeros(elevation.shape, bool)
    east, sound = around.plane(around.horn[0])
    return east, around.plane(around.horn[1])[0], sound


def slope_degrees(elevation: FloatArray, valid: BoolArray, pixel: Cell) -> Plane:
    """Steepest slope.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).
        pixel: Cell side, metres, or the sides row by row.

    Returns:
        (H, W) degrees in [0, 90), zero where invalid; and valid, as :func:`horn_gradient` has it.

    Raises:
        ValueError: See :func:`horn_gradient`.

    Example:
        >>> ramp = np.tile(np.arange(5, dtype=np.float32), (3, 1))
        >>> slope_degrees(ramp, np.ones((3, 5), bool), pixel=1.0)[0][1].tolist()
        [0.0, 45.0, 45.0, 45.0, 0.0]
    """
    east, north, sound = horn_gradient(elevation, valid, pixel)
    return steepest(east, north), sound


def steepest(east: FloatArray, north: FloatArray) -> FloatArray:
    """Slope in degrees of a gradient."""
    return degrees_of(east * east + north * north)


def horn_slope(around: Neighbourhood) -> FloatArray:
    """Steepest slope by Horn's gradient, a run, degrees."""
    return degrees_of(around.horn_squared, around.normal_length)


def per_normal(around: Neighbourhood) -> FloatArray:
    """Minus one over the length of (-dz/dx, -dz/dy, 1): makes a unit normal of it."""
    return np.divide(np.float32(-1), around.normal_length)
