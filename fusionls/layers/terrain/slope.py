"""Gradient and steepest slope of an elevation grid.

Flow: stack.align (elevation in metric square pixels) -> [here] -> stack.
Source: Horn (1981), Hill shading and the reflectance map, Proc. IEEE 69(1), the weighted 3x3
differences 1-2-1.
Differs: the centre cell is subtracted before the sums, so that float32 errs by about 1e-5 degree
at any height above the datum (sums of raw elevations err by 2e-3); a cell is invalid where any of
its nine cells is, never extrapolated.
"""

from __future__ import annotations

import numpy as np

from fusionls.geo.raster import BoolArray, FloatArray

HALO = 1
"""Cells the 3x3 kernel reaches beyond a cell."""


def horn_gradient(
    elevation: FloatArray, valid: BoolArray, pixel: float
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Rise of the ground toward the east and toward the north.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).
        pixel: Cell side, metres.

    Returns:
        Rise toward the east and toward the north, metres per metre, and valid, all (H, W). Zero
        and invalid on the rim and wherever the 3x3 kernel touches an invalid cell.

    Raises:
        ValueError: ``pixel`` is not positive, or the arrays are not of one 2-D shape.
    """
    if not pixel > 0:
        raise ValueError(f'pixel must be > 0 m, got {pixel}')
    if elevation.ndim != 2 or elevation.shape != valid.shape:
        raise ValueError(
            f'elevation and valid must be of one 2-D shape, got {elevation.shape}, {valid.shape}'
        )
    east, north = np.zeros((2, *elevation.shape), np.float32)
    sound = np.zeros(elevation.shape, bool)
    if min(elevation.shape) < 3:
        return east, north, sound
    rows, cols = elevation.shape
    filled = np.where(valid, elevation, np.float32(0)).astype(np.float32, copy=False)
    centre = filled[1:-1, 1:-1]

    def part(row: int, col: int) -> tuple[slice, slice]:
        return slice(1 + row, rows - 1 + row), slice(1 + col, cols - 1 + col)

    def above_centre(row: int, col: int) -> FloatArray:
        return filled[part(row, col)] - centre

    two = np.float32(2)
    north_west, north_east = above_centre(-1, -1), above_centre(-1, 1)
    south_west, south_east = above_centre(1, -1), above_centre(1, 1)
    span = np.float32(8.0 * pixel)
    inner = (slice(1, -1), slice(1, -1))
    east[inner] = (
        (north_east + two * above_centre(0, 1) + south_east)
        - (north_west + two * above_centre(0, -1) + south_west)
    ) / span
    north[inner] = (
        (north_west + two * above_centre(-1, 0) + north_east)
        - (south_west + two * above_centre(1, 0) + south_east)
    ) / span
    around = np.ones(centre.shape, bool)
    for row in (-1, 0, 1):
        for col in (-1, 0, 1):
            around &= valid[part(row, col)]
    sound[inner] = around
    east[~sound] = 0
    north[~sound] = 0
    return east, north, sound


def slope_degrees(
    elevation: FloatArray, valid: BoolArray, pixel: float
) -> tuple[FloatArray, BoolArray]:
    """Steepest slope.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).
        pixel: Cell side, metres.

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
    return np.rad2deg(np.arctan(np.sqrt(east * east + north * north))), sound
