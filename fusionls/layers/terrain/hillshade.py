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
from fusionls.layers.terrain.slope import horn_gradient

MULTI_AZIMUTHS = (225.0, 270.0, 315.0, 360.0)
"""Suns of the multidirectional hillshade, degrees clockwise from north."""
MULTI_ALTITUDE = 30.0
"""Their height above the horizon, degrees."""


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
    east, north, sound = horn_gradient(elevation, valid, pixel)
    light = lambert(east, north, sun_azimuth, sun_altitude)
    return np.where(sound, light, np.float32(0)), sound


def lambert(
    east: FloatArray, north: FloatArray, sun_azimuth: float, sun_altitude: float
) -> FloatArray:
    """Cosine between sun and normal of a gradient, 0 to 1.

    Raises:
        ValueError: ``sun_altitude`` is out of range.
    """
    light = _along(east, north, sun_azimuth, sun_altitude)
    length = east * east + north * north
    length += 1
    light /= np.sqrt(length, out=length)
    return np.clip(light, 0, 1, out=light)


def _along(
    east: FloatArray, north: FloatArray, sun_azimuth: float, sun_altitude: float
) -> FloatArray:
    """Product of the sun's direction and the normal (-dz/de, -dz/dn, 1), which is not of length 1.

    Raises:
        ValueError: ``sun_altitude`` is out of range.
    """
    if not 0 < sun_altitude <= 90:
        raise ValueError(f'sun_altitude must be in (0, 90] degrees, got {sun_altitude}')
    azimuth, altitude = math.radians(sun_azimuth), math.radians(sun_altitude)
    light = east * np.float32(-math.sin(azimuth) * math.cos(altitude))
    light -= np.float32(math.cos(azimuth) * math.cos(altitude)) * north
    light += np.float32(math.sin(altitude))
    return light


def multidirectional(east: FloatArray, north: FloatArray) -> FloatArray:
    """Light from four suns, each weighted by how much the ground faces across it.

    Weights are sin^2(aspect - azimuth), half the sum of which is taken (Mark 1992): slopes that
    one sun would wash out are modelled by the others. Flat ground, which faces nowhere, has the
    cosine of any one sun.
    """
    squared = east * east + north * north
    total = np.zeros_like(squared)
    for azimuth in MULTI_AZIMUTHS:
        angle = math.radians(azimuth)
        # |gradient| sin(aspect - azimuth), without an angle in between
        weight = north * np.float32(math.sin(angle))
        weight -= east * np.float32(math.cos(angle))
        weight *= weight
        light = _along(east, north, azimuth, MULTI_ALTITUDE)
        weight *= np.maximum(light, 0, out=light)
        total += weight
    length = np.sqrt(squared + np.float32(1))
    length *= squared
    length *= np.float32(len(MULTI_AZIMUTHS) / 2)  # what the weights of two crossed pairs add up to
    level = squared < np.float32(1e-30)  # below, the weights have lost their digits
    if level.any():
        length[level] = 1
        total[level] = np.float32(math.sin(math.radians(MULTI_ALTITUDE)))
    total /= length
    return np.minimum(total, 1, out=total)
