"""What each sensor delivers of the same valley, with its own blindness and noise.

Flow: ground, cover, motion -> [here] -> products.
Sources:
    Reflectance: Lambert's cosine law with a diffuse share, normalised to flat ground.
    Interferometric phase noise: Cramer-Rao bound sqrt((1 - g^2) / (2 L g^2)) for coherence g and
        L looks (Rodriguez and Martin 1992, IEE Proc. F 139, eq. 18).
    Canopy in radar elevation models: the scattering centre lies half way up the trees (Carabajal
        and Harding 2006, PE&RS 72, find 40 to 60 % for SRTM's C band).
Typical spectra, coherences and noise levels are round numbers of the order that Sentinel-2,
Sentinel-1, SRTM and airborne LiDAR deliver; they are choices of this simulation.
"""

from __future__ import annotations

import numpy as np
import pyproj
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from fusionls.geo.grid import Grid
from fusionls.layers.insar.line_of_sight import los_from_heading
from fusionls.simulation.cover import Cover
from fusionls.simulation.fields import (
    Field,
    Mask,
    blocks,
    fractal_noise,
    gradient,
    smooth_noise,
    smoothstep,
)
from fusionls.simulation.radar import HEADING, INCIDENCE

Product = NDArray[np.float32]

SPECTRA = {
    # red, green, blue, near infrared reflectance
    Cover.FOREST: (0.035, 0.058, 0.034, 0.330),
    Cover.GRASS: (0.075, 0.092, 0.050, 0.330),
    Cover.CROP: (0.060, 0.090, 0.045, 0.420),
    Cover.BARE_FIELD: (0.210, 0.160, 0.112, 0.285),
    Cover.WATER: (0.030, 0.045, 0.050, 0.015),
    Cover.ROAD: (0.200, 0.190, 0.180, 0.230),
    Cover.QUARRY: (0.300, 0.285, 0.255, 0.360),
    Cover.CLEARING: (0.190, 0.152, 0.104, 0.275),
    Cover.SLIDE_SOIL: (0.215, 0.163, 0.113, 0.285),
}
TEXTURE = {Cover.FOREST: 0.14, Cover.CROP: 0.05, Cover.WATER: 0.03}
"""Relative brightness noise from pixel to pixel; 0.08 for all other covers."""
COHERENCE = {
    Cover.GRASS: 0.72,
    Cover.CROP: 0.48,
    Cover.BARE_FIELD: 0.55,
    Cover.WATER: 0.08,
    Cover.ROAD: 0.80,
    Cover.QUARRY: 0.35,
    Cover.CLEARING: 0.72,
    Cover.SLIDE_SOIL: 0.16,  # the surface was renewed between the acquisitions
}
"""Mean temporal coherence in C band; a forest's falls with its height."""
LEAST_COHERENCE = 0.3
"""Velocity is not delivered below."""
SUN_AZIMUTH, SUN_ELEVATION = 150.0, 48.0
DIFFUSE = 0.25
INSAR_FACTOR = 4
DEM_STEP = 1.0 / 3600.0
"""One arc second, degrees."""


def illumination(surface: Field, pixel: float) -> Field:
    """Light on a surface over light on flat ground, sun and sky together."""
    east, north = gradient(surface, pixel)
    azimuth, elevation = np.radians([SUN_AZIMUTH, SUN_ELEVATION])
    toward = np.cos(elevation) * (np.sin(azimuth) * -east + np.cos(azimuth) * -north)
    cosine = (toward + np.sin(elevation)) / np.sqrt(1 + east**2 + north**2)
    return DIFFUSE + (1 - DIFFUSE) * np.maximum(cosine, 0.0) / np.sin(elevation)


def optical_image(
    cover: NDArray[np.uint8],
    tone: Field,
    ground: Field,
    canopy: Field,
    slow: Mask,
    cloud_share: float,
    pixel: float,
    rng: np.random.Generator,
) -> Product:
    """Red, green, blue and near infrared reflectance, NaN under clouds and their shadows.

    Args:
        cover: (rows, cols) of :class:`Cover`.
        tone: (rows, cols), brightness of bare soil.
        ground: (rows, cols), metres.
        canopy: (rows, cols), metres.
        slow: (rows, cols), bodies of slow landslides: their grass is 4 % darker, damp.
        cloud_share: Share of pixels lost, in (0, 1).
        pixel: Metres.
        rng: Source of randomness.

    Returns:
        (4, rows, cols), reflectance.
    """
    spectra = np.array([SPECTRA[kind] for kind in Cover])
    image = np.moveaxis(spectra[cover], -1, 0)
    bare = np.isin(cover, [Cover.BARE_FIELD, Cover.CLEARING, Cover.SLIDE_SOIL, Cover.QUARRY])
    regrown = np.clip(0.12 + 0.12 * smooth_noise(rng, cover.shape, 12.0 / pixel), 0.0, 0.5)
    regrown = np.where(bare & (cover != Cover.QUARRY), regrown, 0.0)
    green = np.array(SPECTRA[Cover.GRASS])[:, None, None]
    image = image * np.where(bare, tone, 1.0) * (1 - regrown) + green * regrown
    amount = np.full(len(Cover), 0.08)
    for kind, value in TEXTURE.items():
        amount[kind] = value
    patches = 0.10 * smooth_noise(rng, cover.shape, 45.0 / pixel)
    fine = amount[cover] * smooth_noise(rng, cover.shape, 3.0 / pixel)
    light = illumination(gaussian_filter(ground + 0.3 * canopy, 4.0 / pixel), pixel)
    image = image * np.exp(patches + fine) * light * np.where(slow, 0.96, 1.0)
    image += 0.004 * rng.standard_normal(image.shape)
    cloud, haze = clouds(cover.shape, cloud_share, pixel, rng)
    image = image * (1 - haze) + 0.6 * haze
    image = np.clip(gaussian_filter(image, (0, 0.5, 0.5)), 0.001, 1.0)
    return np.where(cloud, np.nan, image).astype(np.float32)


def clouds(
    shape: tuple[int, ...], share: float, pixel: float, rng: np.random.Generator
) -> tuple[Mask, Field]:
    """Cloud with its shadow as a product's mask holds it, and the haze left around.

    Args:
        shape: Rows, columns.
        share: Of pixels masked, in (0, 1).
        pixel: Metres.
        rng: Source of randomness.

    Returns:
        The mask, and the opacity in [0, 0.06] of the haze.
    """
    density = fractal_noise(rng, shape, 0.8, 900.0 / pixel)
    shift = 180.0 / pixel
    toward = np.radians(SUN_AZIMUTH)
    moved = (int(shift * np.cos(toward)), int(-shift * np.sin(toward)))
    either = np.maximum(density, np.roll(density, moved, axis=(0, 1)))
    limit = np.quantile(either, 1 - share)
    return either > limit, 0.06 * smoothstep(density, limit - 0.4, limit)


def coarse_dem(
    ground: Field, canopy: Field, grid: Grid, rng: np.random.Generator
) -> tuple[Product, Grid]:
    """Elevation as a radar mission delivers it: one arc second, blurred, half way up the trees.

    Args:
        ground: (rows, cols), metres, before the last event.
        canopy: (rows, cols), metres.
        grid: Of both.
        rng: Source of randomness.

    Returns:
        (rows, cols) metres in longitude and latitude, NaN beyond the scene, and its grid.
    """
    seen = gaussian_filter(ground + 0.5 * canopy, 18.0 / grid.pixel)
    wgs84 = pyproj.CRS.from_epsg(4326)
    to_utm = pyproj.Transformer.from_crs(wgs84, grid.crs, always_xy=True)
    bounds = pyproj.Transformer.from_crs(grid.crs, wgs84, always_xy=True).transform_bounds(
        *grid.bounds
    )
    west, south = (np.floor(v / DEM_STEP) - 1 for v in bounds[:2])
    east, north = (np.ceil(v / DEM_STEP) + 1 for v in bounds[2:])
    rows, cols = int(north - south), int(east - west)
    dem_grid = Grid(wgs84, west * DEM_STEP, north * DEM_STEP, DEM_STEP, DEM_STEP, rows, cols)
    lon, lat = np.meshgrid(
        (west + 0.5 + np.arange(cols)) * DEM_STEP, (north - 0.5 - np.arange(rows)) * DEM_STEP
    )
    x, y = to_utm.transform(lon, lat)
    row = (grid.north - y) / grid.pixel_height - 0.5
    col = (x - grid.west) / grid.pixel_width - 0.5
    dem = map_coordinates(seen, [row, col], order=1, mode='reflect')
    dem += 1.8 * smooth_noise(rng, dem.shape, 2.0) + 0.8 * rng.standard_normal(dem.shape)
    beyond = np.maximum(
        np.maximum(-row, row - grid.rows + 1), np.maximum(-col, col - grid.cols + 1)
    )
    dem[beyond * grid.pixel > 65.0] = np.nan  # two pixels: enough to interpolate at the edge
    return dem.astype(np.float32), dem_grid


def insar_products(
    ground: Field,
    cover: NDArray[np.uint8],
    canopy: Field,
    los_motion: Field,
    pixel: float,
    rng: np.random.Generator,
) -> tuple[Product, Product]:
    """Line-of-sight velocity and coherence of one ascending track, in pixels four times as large.

    Coherence is low under tall forest, on water, on soil renewed by a fresh landslide, in a
    worked quarry, and where the slope lies over toward the radar (local incidence under 12
    degrees) or away in grazing view. Velocity carries the noise of its coherence, a smooth
    atmosphere and a part that follows the height.

    Args:
        ground: (rows, cols), metres.
        cover: (rows, cols) of :class:`Cover`.
        canopy: (rows, cols), metres.
        los_motion: (rows, cols), m/yr, positive toward the satellite.
        pixel: Metres.
        rng: Source of randomness.

    Returns:
        velocity (rows / 4, cols / 4) m/yr, NaN below :data:`LEAST_COHERENCE`, and coherence.
    """
    typical = np.array([COHERENCE.get(kind, 0.0) for kind in Cover])[cover]
    trees = cover == Cover.FOREST
    typical = np.where(trees, 0.62 - 0.019 * canopy, typical)
    smooth = gaussian_filter(ground, 15.0 / pixel)
    east, north = gradient(smooth, pixel)
    look = los_from_heading(INCIDENCE, HEADING)
    cosine = (-look[0] * east - look[1] * north + look[2]) / np.sqrt(1 + east**2 + north**2)
    local = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    geometry = smoothstep(local, 6.0, 14.0) * (1 - smoothstep(local, 70.0, 80.0))
    coherence = blocks(typical * geometry, INSAR_FACTOR)
    shape = coherence.shape
    coherence += 0.05 * smooth_noise(rng, shape, 1.2) + 0.02 * rng.standard_normal(shape)
    coherence = np.clip(coherence, 0.02, 0.98)

    scale = pixel * INSAR_FACTOR
    height = blocks(ground, INSAR_FACTOR)
    velocity = blocks(los_motion, INSAR_FACTOR)
    velocity += 0.0008 * smooth_noise(rng, shape, 350.0 / scale)
    velocity += rng.normal(0.0, 0.002) * (height - height.mean()) / 1000.0
    spread = np.sqrt((1 - coherence**2) / (2 * coherence**2))
    velocity += 0.0012 * spread * smooth_noise(rng, shape, 0.6)
    velocity[coherence < LEAST_COHERENCE] = np.nan
    return velocity.astype(np.float32), coherence.astype(np.float32)


def vertical_in_sight(vertical: Field) -> Field:
    """Line-of-sight part of a vertical motion, same unit, positive toward the satellite."""
    return vertical * los_from_heading(INCIDENCE, HEADING)[2]


def lidar_rasters(
    ground: Field, canopy: Field, cover: NDArray[np.uint8], pixel: float, rng: np.random.Generator
) -> tuple[Product, Product]:
    """Bare earth and surface of one flight over some 70 % of the scene.

    The edge of the swath is a wavy line. Ground under trees is known less well (few returns,
    interpolated).

    Args:
        ground: (rows, cols), metres, at the time of the flight.
        canopy: (rows, cols), metres, at the time of the flight.
        cover: (rows, cols) of :class:`Cover`.
        pixel: Metres.
        rng: Source of randomness.

    Returns:
        dtm and dsm (rows, cols), metres, NaN outside the swath.
    """
    shape = ground.shape
    error = 0.05 * rng.standard_normal(shape)
    error += np.where(cover == Cover.FOREST, 0.10, 0.02) * smooth_noise(rng, shape, 6.0 / pixel)
    dtm = ground + error
    dsm = dtm + np.maximum(canopy + 0.05 * rng.standard_normal(shape), 0.0)
    angle = rng.uniform(0, 2 * np.pi)
    row, col = np.mgrid[0 : shape[0], 0 : shape[1]] * pixel
    across = row * np.cos(angle) + col * np.sin(angle)
    along = -row * np.sin(angle) + col * np.cos(angle)
    across += 12.0 * np.sin(along / 130.0 + rng.uniform(0, 6)) + 6.0 * np.sin(along / 37.0)
    outside = across > np.quantile(across, rng.uniform(0.66, 0.76))
    return (
        np.where(outside, np.nan, dtm).astype(np.float32),
        np.where(outside, np.nan, dsm).astype(np.float32),
    )
