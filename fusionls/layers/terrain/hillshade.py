"""Light on the ground from a sun at a given place.

Flow: stack.align (elevation in metric square pixels) -> [here] -> stack.
Source: Lambert's cosine law with the gradient of Horn (1981), see layers.terrain.slope.
Differs: the cosine itself, 0 to 1, as float; gdaldem writes 1 + 254 times it as bytes.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.terrain.slope import HALO, horn_gradient


def hillshade(
    elevation: FloatArray,
    valid: BoolArray,
    pixel: float,
    sun_azimuth: float = 315.0,
    sun_altitude: float = 45.0,
) -> tuple[FloatArray, BoolArray]:
    """Cosine of the angle between the sun and the ground's normal; no cast shadows.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).
        pixel: Cell side, metres.
        sun_azimuth: Where the light comes from, degrees clockwise from north.
        sun_altitude: Height of the sun above the horizon, degrees in (0, 90].

    Returns:
        (H, W) in [0, 1], zero in shade and where invalid; and valid, as ``horn_gradient`` has it.

    Raises:
        ValueError: ``sun_altitude`` is out of range; or see ``horn_gradient``.

    Example:
        >>> flat = np.zeros((3, 3), np.float32)
        >>> round(float(hillshade(flat, flat == 0, pixel=1.0)[0][1, 1]), 4)
        0.7071
    """
    if not 0 < sun_altitude <= 90:
        raise ValueError(f'sun_altitude must be in (0, 90] degrees, got {sun_altitude}')
    east, north, sound = horn_gradient(elevation, valid, pixel)
    azimuth, altitude = math.radians(sun_azimuth), math.radians(sun_altitude)
    to_east = np.float32(math.sin(azimuth) * math.cos(altitude))
    to_north = np.float32(math.cos(azimuth) * math.cos(altitude))
    up = np.float32(math.sin(altitude))
    # the normal of a surface z(east, north) is (-dz/de, -dz/dn, 1), to be made of length one
    cosine = (up - to_east * east - to_north * north) / np.sqrt(1 + east * east + north * north)
    return np.where(sound, np.clip(cosine, 0, 1), np.float32(0)), sound


def relit(elevation: FloatArray, valid: BoolArray, pixel: float) -> FloatArray:
    """Hillshade of a tile that was turned, at every valid cell, under the default sun.

    Unlike :func:`hillshade` it loses no cell to the rim or to voids: beyond the rim the ground
    goes on straight (linear extrapolation, exact for a plane), and a void is level with the
    nearest valid cell. Cells whose 3x3 neighbourhood is valid get the same light as there.

    Args:
        elevation: (H, W), metres; anything where invalid; at least 2 x 2.
        valid: (H, W).
        pixel: Cell side, metres.

    Returns:
        (H, W) in [0, 1], zero where invalid.
    """
    if not valid.any():
        return np.zeros(elevation.shape, np.float32)
    filled = np.asarray(elevation, np.float32)
    if not valid.all():
        nearest = ndimage.distance_transform_edt(
            ~valid, return_distances=False, return_indices=True
        )
        filled = filled[tuple(nearest)]
    around = np.pad(filled, HALO, mode='reflect', reflect_type='odd')
    light, _ = hillshade(around, np.ones(around.shape, bool), pixel)
    return np.where(valid, light[HALO:-HALO, HALO:-HALO], np.float32(0))
