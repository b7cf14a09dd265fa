"""What grows and lies on the ground, and everything that looks like a landslide and is none.

Flow: terrain -> [here] -> landslides (where they may lie), sensors (what they see).
Look-alikes, each misleading one sensor and given away by another:
    bare fields, clearings, quarries and roads are bare soil or rock to the optical sensor; fields
        are flat, clearings stay coherent and have no canopy left in the LiDAR flight, quarries
        have a flat floor under steep walls;
    terraces and quarry walls are scarps to the LiDAR; terraces follow contour lines and have no
        hummocky body below;
    subsidence moves away from the radar as many slow landslides do; it lies on flat ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter
from scipy.spatial import cKDTree

from fusionls.simulation.fields import (
    Field,
    Mask,
    fractal_noise,
    slope_degrees,
    smooth_noise,
    smoothstep,
)
from fusionls.simulation.paths import least_cost_path
from fusionls.simulation.terrain import Terrain, add_terraces


class Cover(IntEnum):
    """What the optical sensor and the radar meet."""

    FOREST = 0
    GRASS = 1
    CROP = 2
    BARE_FIELD = 3
    WATER = 4
    ROAD = 5
    QUARRY = 6
    CLEARING = 7
    SLIDE_SOIL = 8  # of a fresh landslide


class LookAlike(IntEnum):
    """What may be taken for a landslide."""

    NONE = 0
    BARE_FIELD = 1
    CLEARING = 2
    QUARRY = 3
    TERRACE = 4
    SUBSIDENCE = 5
    ROAD = 6


PER_KM2 = {
    LookAlike.CLEARING: 2.5,
    LookAlike.QUARRY: 0.45,
    LookAlike.TERRACE: 1.2,
    LookAlike.SUBSIDENCE: 1.6,
}
"""Wanted numbers per square kilometre; at least one of each where there is room."""


@dataclass
class Landscape:
    """The surface before landslides.

    Attributes:
        ground: (rows, cols), metres, with quarries and terraces cut in.
        cover: (rows, cols) uint8 of :class:`Cover`.
        canopy: (rows, cols), metres above the ground.
        tone: (rows, cols), brightness of each parcel's soil, near 1.
        look_alikes: (rows, cols) uint8 of :class:`LookAlike`.
        subsidence: (rows, cols), vertical motion, m/yr, <= 0.
    """

    ground: Field
    cover: np.ndarray
    canopy: Field
    tone: Field
    look_alikes: np.ndarray
    subsidence: Field


def make_landscape(terrain: Terrain, pixel: float, rng: np.random.Generator) -> Landscape:
    """Cover the terrain: forest on half of it and more so on steep ground, parcels on flat ground.

    Args:
        terrain: Bare earth.
        pixel: Metres.
        rng: Source of randomness.
    """
    shape = terrain.ground.shape
    slope = slope_degrees(terrain.ground, pixel, 20.0 / pixel)
    wooded = smooth_noise(rng, shape, 110.0 / pixel) + 0.15 * fractal_noise(
        rng, shape, 0.5, 100.0 / pixel
    )
    wooded += 0.9 * smoothstep(slope, 2.0, 14.0)
    cover = np.where(wooded > np.quantile(wooded, 0.42), Cover.FOREST, Cover.GRASS).astype(np.uint8)
    canopy_noise = smooth_noise(rng, shape, 60.0 / pixel)
    land = Landscape(
        terrain.ground.copy(),
        cover,
        np.zeros(shape),
        np.ones(shape),
        np.zeros(shape, np.uint8),
        np.zeros(shape),
    )
    _lay_parcels(land, slope, pixel, rng)
    _cut_quarries(land, slope, terrain, pixel, rng)
    _cut_terraces(land, slope, pixel, rng)
    _cut_clearings(land, slope, pixel, rng)
    _sink(land, slope, terrain, pixel, rng)
    _lay_roads(land, pixel, rng)
    land.cover[terrain.water] = Cover.WATER
    land.look_alikes[terrain.water] = LookAlike.NONE
    land.canopy = _canopy(land.cover, canopy_noise, pixel, rng)
    return land


def habitats(land: Landscape, pixel: float) -> tuple[Mask, Mask]:
    """Where forest and where grass may carry a landslide: clear of all look-alikes and of water."""
    busy = binary_dilation(
        (land.look_alikes > 0) | (land.cover == Cover.WATER), iterations=round(15.0 / pixel)
    )
    return (land.cover == Cover.FOREST) & ~busy, (land.cover == Cover.GRASS) & ~busy


def _canopy(cover: np.ndarray, noise: Field, pixel: float, rng: np.random.Generator) -> Field:
    """Heights: trees of 10 to 25 m with crowns, hedges of none, crops of half a metre."""
    crowns = smooth_noise(rng, cover.shape, 4.0 / pixel)
    trees = np.clip(17.0 + 4.5 * noise, 10.0, 25.0) + 1.3 * crowns
    low = {Cover.GRASS: 0.2, Cover.CROP: 0.5, Cover.CLEARING: 0.3}
    canopy = np.zeros(cover.shape)
    for kind, height in low.items():
        canopy[cover == kind] = height
    return np.where(cover == Cover.FOREST, np.clip(trees, 8.0, 25.0), canopy)


def _lay_parcels(land: Landscape, slope: Field, pixel: float, rng: np.random.Generator) -> None:
    """Fields: cells nearest to the points of a turned, shaken lattice, on gentle ground only."""
    rows, cols = slope.shape
    side = 85.0 / pixel
    turn = rng.uniform(0, np.pi)
    reach = int(np.hypot(rows, cols) / side / 2) + 2
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    lattice = np.stack([i * 1.3, j * 0.8], axis=1) + rng.uniform(-0.22, 0.22, (i.size, 2))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    seeds = lattice @ rotation * side + (rows / 2, cols / 2)
    at = np.mgrid[0:rows, 0:cols].reshape(2, -1).T
    parcel = cKDTree(seeds).query(at)[1].reshape(rows, cols)
    size = np.bincount(parcel.ravel(), minlength=len(seeds)).clip(1)
    mean_slope = np.bincount(parcel.ravel(), slope.ravel(), len(seeds)) / size
    steepest = np.zeros(len(seeds))
    np.maximum.at(steepest, parcel.ravel(), slope.ravel())
    farmed = (mean_slope < 8.0) & (steepest < 14.0) & (rng.random(len(seeds)) < 0.85)
    use = rng.choice(
        [Cover.CROP, Cover.BARE_FIELD, Cover.GRASS], size=len(seeds), p=[0.40, 0.35, 0.25]
    )
    land.cover[:] = np.where(farmed[parcel], use[parcel], land.cover)
    land.tone *= np.exp(0.15 * rng.standard_normal(len(seeds)))[parcel]
    land.look_alikes[land.cover == Cover.BARE_FIELD] = LookAlike.BARE_FIELD


def _spots(
    kind: LookAlike,
    fit: Mask,
    margin: float,
    pixel: float,
    rng: np.random.Generator,
) -> list[tuple[int, int]]:
    """Random pixels of ``fit``, as many as :data:`PER_KM2` asks for, ``margin`` metres apart."""
    count = max(1, round(PER_KM2[kind] * fit.size * pixel**2 / 1e6))
    edge = round(40.0 / pixel)
    inner = np.zeros_like(fit)
    inner[edge:-edge, edge:-edge] = fit[edge:-edge, edge:-edge]
    places = np.argwhere(inner)
    chosen: list[tuple[int, int]] = []
    for row, col in places[rng.integers(len(places), size=40 * count)] if len(places) else ():
        if all(np.hypot(row - r, col - c) * pixel > margin for r, c in chosen):
            chosen.append((int(row), int(col)))
            if len(chosen) == count:
                break
    return chosen


@dataclass(frozen=True)
class _Place:
    """A square around a spot: its pixels, and metres south and east of the spot in it."""

    area: tuple[slice, slice]
    south: Field
    east: Field


def _around(shape: tuple[int, ...], spot: tuple[int, int], reach: float, pixel: float) -> _Place:
    """The square of ``reach`` metres to all sides of a spot, cut at the edge of the scene."""
    steps = round(reach / pixel)
    rows, cols = (
        np.arange(max(0, at - steps), min(length, at + steps + 1))
        for at, length in zip(spot, shape, strict=True)
    )
    south, east = np.meshgrid((rows - spot[0]) * pixel, (cols - spot[1]) * pixel, indexing='ij')
    return _Place((slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)), south, east)


def _cut_quarries(
    land: Landscape, slope: Field, terrain: Terrain, pixel: float, rng: np.random.Generator
) -> None:
    """Quarries: a flat floor dug into a hillside, with walls of 60 degrees."""
    fit = (slope > 8) & (slope < 25) & (terrain.river_distance > 120)
    for spot in _spots(LookAlike.QUARRY, fit, 300.0, pixel, rng):
        place = _around(slope.shape, spot, 140.0, pixel)
        away = np.hypot(place.south, place.east * rng.uniform(0.7, 1.3))
        ragged = 8.0 * smooth_noise(rng, away.shape, 25.0 / pixel)
        reach = rng.uniform(35.0, 65.0) - away + ragged
        inside = reach > 0
        ground = land.ground[place.area]
        floor = np.quantile(ground[inside], 0.15)
        walls = floor + np.tan(np.radians(60.0)) * np.maximum(12.0 - reach, 0.0)
        ground[inside] = np.minimum(ground, walls)[inside]
        land.cover[place.area][inside] = Cover.QUARRY
        land.look_alikes[place.area][inside] = LookAlike.QUARRY


def _cut_terraces(land: Landscape, slope: Field, pixel: float, rng: np.random.Generator) -> None:
    """Old river terraces, where forest stands on moderate slopes."""
    wide = gaussian_filter(slope, 50.0 / pixel)
    fit = (wide > 5) & (wide < 15) & (land.cover == Cover.FOREST)
    for spot in _spots(LookAlike.TERRACE, fit, 320.0, pixel, rng):
        place = _around(slope.shape, spot, 240.0, pixel)
        ragged = 20.0 * smooth_noise(rng, place.south.shape, 50.0 / pixel)
        near = rng.uniform(70.0, 130.0) - np.hypot(place.south, place.east) + ragged
        free = (land.look_alikes[place.area] == LookAlike.NONE) & (
            land.cover[place.area] == Cover.FOREST
        )
        region = smoothstep(near, 0.0, 20.0) * free * (slope[place.area] < 20)
        region = gaussian_filter(region, 5.0 / pixel)
        land.ground[place.area] = add_terraces(land.ground[place.area], region, pixel, rng)
        land.look_alikes[place.area][(region > 0.3) & free] = LookAlike.TERRACE


def _cut_clearings(land: Landscape, slope: Field, pixel: float, rng: np.random.Generator) -> None:
    """Clear-cuts: turned rectangles in the forest of hillsides, felled before the LiDAR flight."""
    forest = (land.cover == Cover.FOREST) & (land.look_alikes == LookAlike.NONE)
    fit = forest & (slope > 8) & (slope < 32)
    for spot in _spots(LookAlike.CLEARING, fit, 150.0, pixel, rng):
        place = _around(slope.shape, spot, 120.0, pixel)
        turn = rng.uniform(0, np.pi)
        a = np.abs(place.south * np.cos(turn) + place.east * np.sin(turn))
        b = np.abs(-place.south * np.sin(turn) + place.east * np.cos(turn))
        ragged = 5.0 * smooth_noise(rng, a.shape, 15.0 / pixel)
        sides = rng.uniform(25.0, 65.0, 2)
        inside = (a < sides[0] + ragged) & (b < sides[1] + ragged) & forest[place.area]
        land.cover[place.area][inside] = Cover.CLEARING
        land.look_alikes[place.area][inside] = LookAlike.CLEARING
        land.tone[place.area][inside] = np.exp(0.15 * rng.standard_normal())


def _sink(
    land: Landscape, slope: Field, terrain: Terrain, pixel: float, rng: np.random.Generator
) -> None:
    """Subsidence bowls of 10 to 35 mm/yr on flat ground: compaction, pumping, old mines."""
    flat = (gaussian_filter(slope, 30.0 / pixel) < 5) & (terrain.river_distance > 50)
    for spot in _spots(LookAlike.SUBSIDENCE, flat, 200.0, pixel, rng):
        place = _around(slope.shape, spot, 400.0, pixel)
        gentle = slope[place.area] < 9
        radius = rng.uniform(35.0, 80.0)
        away = np.hypot(place.south, place.east * rng.uniform(0.7, 1.4)) / radius
        bowl = gaussian_filter(np.exp(-0.75 * away**2) * gentle, 10.0 / pixel)
        land.subsidence[place.area] -= rng.uniform(0.010, 0.035) * bowl
        free = land.look_alikes[place.area] == LookAlike.NONE
        land.look_alikes[place.area][(away < 1.2) & gentle & free] = LookAlike.SUBSIDENCE


def _lay_roads(land: Landscape, pixel: float, rng: np.random.Generator) -> None:
    """Two roads across the scene, each along the way with the least climbing."""
    step = max(1, round(40.0 / pixel))
    coarse = gaussian_filter(land.ground, step / 2)[step // 2 :: step, step // 2 :: step]
    steep = slope_degrees(coarse, step * pixel)
    cost = 1.0 + (steep / 5.0) ** 2 + 0.5 * smooth_noise(rng, coarse.shape, 3.0) ** 2
    cost[[0, -1], :] *= 20.0
    cost[:, [0, -1]] *= 20.0
    rows, cols = coarse.shape
    ends = [
        ((int(rng.integers(rows)), 0), (int(rng.integers(rows)), cols - 1)),
        ((0, int(rng.integers(cols))), (rows - 1, int(rng.integers(cols)))),
    ]
    for start, stop in ends:
        path = least_cost_path(cost, [start], stop, step, land.ground.shape)
        line = np.zeros(land.ground.shape, dtype=bool)
        line[path[:, 0], path[:, 1]] = True
        line = binary_dilation(line, iterations=max(1, round(4.0 / pixel)))
        land.cover[line] = Cover.ROAD
        land.look_alikes[line] = LookAlike.ROAD
