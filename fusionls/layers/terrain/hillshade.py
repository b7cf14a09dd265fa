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

MULTI_ALTITUDE = 30.0
"""Height of the four suns of the multidirectional hillshade above the horizon, degrees."""
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
    """Cosine between sun and normal, a run, 0 to 1.

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
    """Light from four suns, each weighted by how much the ground faces across it; a run, 0 to 1.

    Weights are sin^2(aspect - azimuth), half the sum of which is taken (Mark 1992): slopes that
    one sun would wash out are modelled by the others. Flat ground, which faces nowhere, has the
    cosine of any one sun.

    With e and n the rise toward east and north, g^2 = e^2 + n^2, t the tangent of the altitude and
    r_i the rise toward sun i, the light of that sun is sin(alt) - cos(alt) min(r_i, t) over the
    length of the normal, and its weight the squared rise across it over g^2. The weights add up to
    2, so that only sum_i w_i min(r_i, t) is left to find. Toward 270 and 360 degrees the rise is -e
    and n; toward 315 and 225 it is (n - e) and -(e + n) over the root of 2.
    """
    east, north = around.horn
    altitude = math.radians(MULTI_ALTITUDE)
    tangent = math.tan(altitude)
    crossed = _across(east, north, *around.horn_squares, tangent)
    total, difference = east + north, north - east
    turned = _across(
        total, difference, total * total, difference * difference, tangent * math.sqrt(2)
    )
    turned *= np.float32(0.5 / math.sqrt(2))
    crossed += turned
    squared = around.horn_squared
    level = squared < _LEVEL
    if level.any():
        squared = np.where(level, np.float32(1), squared)
        crossed[level] = 0
    crossed /= squared
    crossed *= np.float32(-math.cos(altitude) / 2)
    crossed += np.float32(math.sin(altitude))
    crossed /= around.normal_length
    return np.clip(crossed, 0, 1, out=crossed)


def _across(
    a: FloatArray, b: FloatArray, a_squared: FloatArray, b_squared: FloatArray, most: float
) -> FloatArray:
    """min(b, most) a^2 + min(-a, most) b^2: two crossed suns, one toward b, one away from a."""
    found = np.minimum(b, np.float32(most))
    found *= a_squared
    other = np.maximum(a, np.float32(-most))
    other *= b_squared
    found -= other
    return found
