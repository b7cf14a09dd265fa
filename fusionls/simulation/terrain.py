"""The ground the valley stands on: a piece of real terrain, made finer, with a river in it.

Flow: matplotlib's elevation model -> [here] -> landslides, cover, sensors.
Source: ``jacksboro_fault_dem.npz`` of matplotlib's sample data: real elevations of the Cumberland
    Mountains near Jacksboro, Tennessee, 3 arc seconds in longitude and latitude.
Differs from the real place: detail below the sample distance is fractal, the piece is turned and
mirrored at random, and a river with a flood plain is laid through its lowest line. A valley is
therefore never a map of the place it is drawn at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyproj
from matplotlib import cbook
from scipy.ndimage import (
    distance_transform_edt,
    gaussian_filter,
    gaussian_filter1d,
    map_coordinates,
)

from fusionls.geo.grid import Grid
from fusionls.simulation.fields import (
    Field,
    Mask,
    fractal_noise,
    slope_degrees,
    smooth_noise,
    smoothstep,
)
from fusionls.simulation.paths import least_cost_path

UTM = pyproj.CRS.from_epsg(32616)  # WGS 84, UTM zone 16 north: where Jacksboro lies
CELL = 5200.0
"""Least side of the piece of real terrain that one site owns, metres."""
FLOOD_PLAIN = 20.0
"""Height above the river below which the ground was flattened by it, metres."""


@dataclass(frozen=True)
class RealTerrain:
    """The elevation model as matplotlib ships it, with the size of its pixels in metres."""

    elevation: Field  # (rows, cols), metres, north up
    west: float  # degrees
    north: float
    step: float  # degrees, both ways
    metres: tuple[float, float]  # height and width of a pixel


@dataclass(frozen=True)
class Site:
    """A piece of the real terrain, and how it is turned.

    Attributes:
        index: Number of the cell among those that are fit for landslides.
        centre: Row and column in the real elevation model.
        turns: Quarter turns anticlockwise.
        mirrored: Whether east and west are swapped before the turns.
    """

    index: int
    centre: tuple[float, float]
    turns: int
    mirrored: bool


@dataclass(frozen=True)
class Terrain:
    """Bare earth before any landslide.

    Attributes:
        ground: (rows, cols), metres.
        water: (rows, cols), the river.
        river_distance: (rows, cols), metres to the river's middle line.
    """

    ground: Field
    water: Mask
    river_distance: Field


@cache
def real_terrain() -> RealTerrain:
    """Read the sample data, once."""
    path = str(cbook.get_sample_data('jacksboro_fault_dem.npz', asfileobj=False))
    with np.load(path) as stored:
        elevation = stored['elevation'].astype(np.float64)
        west, north = float(stored['xmin']), float(stored['ymin'])  # ymin is the upper edge
        step = float(stored['dx'])
    middle = north - step * elevation.shape[0] / 2
    geod = pyproj.Geod(ellps='WGS84')
    width = geod.inv(west, middle, west + step, middle)[2]
    height = geod.inv(west, middle, west, middle + step)[2]
    return RealTerrain(elevation, west, north, step, (height, width))


def site_centres(extent: float) -> list[tuple[float, float]]:
    """Centres (row, col) of the cells that are hilly enough, none sharing ground.

    Cells have a side of :data:`CELL` metres, or of ``extent`` where that is more, so that all
    valleys up to that size share their cells: two different sites never overlap.

    Args:
        extent: Side of the valley, metres.

    Raises:
        ValueError: No cell that large is in the sample data.
    """
    real = real_terrain()
    side = max(CELL, extent)
    height, width = (round(side / metres) for metres in real.metres)
    margin = 3  # pixels for interpolation
    rows, cols = real.elevation.shape
    centres = []
    steepness = _real_slope()
    for top in range(margin, rows - height - margin, height + 1):
        for left in range(margin, cols - width - margin, width + 1):
            hilly = steepness[top : top + height, left : left + width] > 14.0
            middle = hilly[height // 4 : -(height // 4), width // 4 : -(width // 4)]
            if hilly.mean() > 0.3 and middle.mean() > 0.4:
                centres.append((top + (height - 1) / 2, left + (width - 1) / 2))
    if not centres:
        raise ValueError(
            f'a valley of {extent:.0f} m does not fit into the sample terrain '
            f'({rows * real.metres[0]:.0f} x {cols * real.metres[1]:.0f} m); '
            'ask for a smaller size or pixel'
        )
    return centres


@cache
def _real_slope() -> Field:
    real = real_terrain()
    south, east = np.gradient(real.elevation, *real.metres)
    return np.degrees(np.arctan(np.hypot(south, east)))


def choose_site(seed: int, extent: float) -> Site:
    """The site of a seed: seeds that differ by less than the number of sites get different ones.

    Args:
        seed: Of the valley, >= 0.
        extent: Side of the valley, metres.
    """
    centres = site_centres(extent)
    order = np.random.default_rng(1987).permutation(len(centres))  # a fixed shuffle
    index = int(order[seed % len(centres)])
    rng = np.random.default_rng([seed, 1])
    return Site(index, centres[index], int(rng.integers(4)), bool(rng.integers(2)))


def site_grid(site: Site, size: int, pixel: float) -> Grid:
    """The grid of a valley around its site: UTM, origin on a multiple of the pixel."""
    real = real_terrain()
    row, col = site.centre
    lon = real.west + (col + 0.5) * real.step
    lat = real.north - (row + 0.5) * real.step
    east, north = pyproj.Transformer.from_crs(4326, UTM, always_xy=True).transform(lon, lat)
    half = size * pixel / 2
    west, top = (round(v / pixel) * pixel for v in (east - half, north + half))
    return Grid(UTM, west, top, pixel, pixel, size, size)


def make_terrain(site: Site, size: int, pixel: float, rng: np.random.Generator) -> Terrain:
    """Bare earth of a site: real relief, fractal detail, a river and its flood plain.

    The real relief carries all wavelengths above 200 m. Below, a self-affine surface with
    H = 0.95 is added, stronger on steep ground (gullied hillsides) than on flat. The river takes
    the lowest way through the scene and falls all along. Ground at height h above the nearest
    river point is lowered to sqrt(h^2 + a^2) - a with a = :data:`FLOOD_PLAIN`: the flood plain is
    flat and the hillsides keep their slope.

    Args:
        site: From :func:`choose_site`.
        size: Pixels per side.
        pixel: Metres.
        rng: Source of randomness.
    """
    ground = _relief(site, size, pixel)
    shape = ground.shape
    steep = smoothstep(slope_degrees(ground, pixel, 60.0 / pixel), 3.0, 20.0)
    gullies = fractal_noise(rng, shape, 0.95, 250.0 / pixel)
    ground = ground + gullies * (0.3 + 1.9 * steep)

    path, profile = _river(ground, pixel, rng)
    line = np.zeros(shape, dtype=bool)
    line[path[:, 0], path[:, 1]] = True
    level = np.zeros(shape)
    level[path[:, 0], path[:, 1]] = profile
    distance, nearest = distance_transform_edt(~line, return_indices=True)
    distance *= pixel
    level = gaussian_filter(level[tuple(nearest)], 25.0 / pixel)
    above = np.maximum(ground - level, 0.0)
    ground = level + np.sqrt(above**2 + FLOOD_PLAIN**2) - FLOOD_PLAIN
    wide = 10.0 + 6.0 * (gaussian_filter(rng.standard_normal(shape), 40.0 / pixel) * 40.0 / pixel)
    water = distance < np.clip(wide, 7.0, 18.0)
    bank = smoothstep(-distance, -30.0, -8.0)
    ground = ground - 2.5 * bank  # the channel
    ground = ground + 0.06 * fractal_noise(rng, shape, 0.6, 40.0 / pixel) * ~water
    return Terrain(ground, water, distance)


def _relief(site: Site, size: int, pixel: float) -> Field:
    """The real elevations of a site at the valley's pixel, without their sampling facets."""
    real = real_terrain()
    offset = (np.arange(size) - (size - 1) / 2) * pixel
    rows = site.centre[0] + offset / real.metres[0]
    cols = site.centre[1] + offset / real.metres[1]
    at = np.meshgrid(rows, cols, indexing='ij')
    relief = map_coordinates(real.elevation, at, order=3, mode='nearest')
    relief = gaussian_filter(relief, 25.0 / pixel)
    if site.mirrored:
        relief = relief[:, ::-1]
    return np.rot90(relief, site.turns).copy()


def _river(ground: Field, pixel: float, rng: np.random.Generator) -> tuple[np.ndarray, Field]:
    """Pixels (n, 2) of the river from source to mouth, and its falling water level, metres."""
    step = max(1, round(40.0 / pixel))
    coarse = gaussian_filter(ground, step / 2)[step // 2 :: step, step // 2 :: step]
    rows, cols = coarse.shape
    edge = np.zeros(coarse.shape, dtype=bool)
    edge[[0, -1], :] = True
    edge[:, [0, -1]] = True
    places = np.argwhere(edge)
    mouth = places[np.argmin(coarse[edge])]
    far = np.hypot(*(places - mouth).T) > 0.8 * min(rows, cols)
    sources = [(int(row), int(col)) for row, col in places[far]]
    # 15 m of height cost as much as e times the way: the river keeps to the valley floor
    bends = smooth_noise(rng, coarse.shape, 2.5)
    cost = np.exp((coarse - coarse.min()) / 15.0 + 1.2 * bends).clip(max=1e6)
    inward = distance_transform_edt(np.pad(~edge, 1))[1:-1, 1:-1]
    cost *= 1.0 + 30.0 * np.exp(-inward / 2.0)
    path = least_cost_path(cost, sources, (int(mouth[0]), int(mouth[1])), step, ground.shape)
    profile = np.minimum.accumulate(gaussian_filter(ground, 10.0 / pixel)[path[:, 0], path[:, 1]])
    return path, gaussian_filter1d(profile, 50.0 / pixel)


def add_terraces(ground: Field, regions: Field, pixel: float, rng: np.random.Generator) -> Field:
    """Cut old river terraces into hillsides: treads and risers along contour lines.

    A riser is as steep and high as an old head scarp and so looks like one, but it follows a line
    of equal height, the tread above is flat and nothing has moved below it.

    Args:
        ground: (rows, cols), metres.
        regions: (rows, cols) in [0, 1], how much of a terrace stands where.
        pixel: Metres.
        rng: Source of randomness.

    Returns:
        The new ground; risers are 8 to 12 m high, one every 11 to 16 m of height.
    """
    period = rng.uniform(11.0, 16.0)
    smooth = gaussian_filter(ground, 30.0 / pixel)
    share = (smooth - smooth.min() + rng.uniform(0.0, period)) / period % 1.0
    change = smoothstep(share, 0.72, 0.90) - share
    return ground + regions * 0.55 * period * (change + 0.3)
