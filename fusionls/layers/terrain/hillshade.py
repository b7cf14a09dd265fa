"""Light on the ground from a sun at a given place, or from several.

Flow: stack.align (elevation in metric square pixels) -> [here] -> stack.
Source: Lambert's cosine law with the gradient of Horn (1981), see layers.terrain.neighbourhood;
Mark (1992), A multidirectional, oblique-weighted, shaded-relief image of the Island of Hawaii,
USGS OFR 92-422, the weights sin^2(aspect - azimuth).
Differs: the cosine itself, 0 to 1, as float; gdaldem writes 1 + 254 times it as bytes.
"""

from __future__ import annotations

import math

import numpy as np

from fusionls.geo.cell_size import Cell
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.spec import Plane
from fusionls.layers.terrain.neighbourhood import Neighbourhood

MULTI_AZIMUTHS = (225.0, 270.0)
"""Suns of the multidirectional hillshade, degrees clockwise from north; with each of them comes
the one a quarter turn on, 315 and 360."""
MULTI_ALTITUDE = 30.0
"""Their height above the horizon, degrees."""
_LEVEL = np.float32(1e-30)  # squares of gradients below it have lost their digits


def hillshade(
    elevation: FloatArray,
    valid: BoolArray,
    pixel: Cell,
    sun_azimuth: float = 315.0,
    sun_altitude: float = 45.0,
) -> Plane:
    """Cosine of the angle between the sun and the ground's normal; no cast shadows.

    Args:
        elevation: (H, W), metres; anything where invalid.
        valid: (H, W).
        pixel: Cell side, metres, or the sides row by row.
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
    around = Neighbourhood.of(elevation, valid, pixel)
    if around.is_empty:
        return np.zeros(elevation.shape, np.float32), np.zeros(elevation.shape, bool)
    return around.plane(lambert(around, sun_azimuth, sun_altitude))


def lambert(around: Neighbourhood, sun_azimuth: float, sun_altitude: float) -> FloatArray:
    """Cosine between sun and normal, (H - 2, W - 2), 0 to 1.

    Raises:
        ValueError: ``sun_altitude`` is out of range.
    """
    if not 0 < sun_altitude <= 90:
        raise ValueError(f'sun_altitude must be in (0, 90] degrees, got {sun_altitude}')
    altitude = math.radians(sun_altitude)
    light = _rise_toward(around, sun_azimuth, math.cos(altitude))
    np.subtract(np.float32(math.sin(altitude)), light, out=light)
    light /= around.normal_length
    return np.clip(light, 0, 1, out=light)


def _rise_toward(around: Neighbourhood, azimuth: float, times: float) -> FloatArray:
    """Rise of the ground toward an azimuth, times a number."""
    east, north = around.horn
    angle = math.radians(azimuth)
    rise = east * np.float32(times * math.sin(angle))
    rise += np.float32(times * math.cos(angle)) * north
    return rise


def multidirectional(around: Neighbourhood) -> FloatArray:
    """Light from two pairs of crossed suns, each weighted by how much the ground faces across it.

    Weights are sin^2(aspect - azimuth), half the sum of which is taken (Mark 1992): slopes that
    one sun would wash out are modelled by the others. Flat ground, which faces nowhere, has the
    cosine of any one sun. What the ground rises toward one sun of a pair is what it faces across
    the other: (H - 2, W - 2), 0 to 1.
    """
    altitude = math.radians(MULTI_ALTITUDE)
    along, up = math.cos(altitude), np.float32(math.sin(altitude))
    total = np.zeros_like(around.horn_squared)
    light = np.empty_like(total)
    for azimuth in MULTI_AZIMUTHS:
        rises = [_rise_toward(around, azimuth + turn, along) for turn in (0.0, 90.0)]
        squares = [rise * rise for rise in rises]
        for rise, weight in zip(rises, reversed(squares), strict=True):
            np.subtract(up, rise, out=light)
            np.maximum(light, 0, out=light)
            light *= weight
            total += light
    length = around.normal_length * around.horn_squared
    # the weights of a crossed pair add up to the square of the gradient, times their factor
    length *= np.float32(len(MULTI_AZIMUTHS) * along**2)
    level = around.horn_squared < _LEVEL
    if level.any():
        length[level], total[level] = 1, up
    total /= length
    return np.minimum(total, 1, out=total)
