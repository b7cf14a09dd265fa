"""Accuracy and speed of the ground filters: hand-labelled samples, and terrain unlike them.

The samples are six of the ISPRS filter test (WG III/3, Sithole and Vosselman), mostly flat and in
towns. What they do not show is made from them and simulated, with known truth: the same samples
laid on hillsides and on ridges (real objects, steep ground), forest and villages on slopes of 0.2
to 1.0 with scarps and shrubs, terraces, outliers below the ground. Each filter has one fixed set
of parameters, its default. Errors count points: type I is ground taken for objects, as a share of
the ground; type II objects taken for ground; total is of all points.

Run (the samples are LAS or LAZ files with class 2 for ground):
    OMP_NUM_THREADS=1 python benchmarks/ground_filter.py FOLDER [--choice]

``--choice`` leaves out each sample, and each kind of terrain, from the choice of the parameters,
and says what those chosen without it do on it.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from fusionls.errors import InputError
from fusionls.layers.lidar.bare_earth import GroundFilter, is_ground
from fusionls.layers.lidar.ground_filters import GROUND_FILTERS, ground_filter
from fusionls.sources.lidar.point_cloud import PointCloud

CELL = 1.0
"""Metres; what the published filters use on these samples."""
SIDE = 300
"""Metres: side of a simulated area."""
CHOICE = {'slope': (0.15, 0.2, 0.25), 'jump': (0.1, 0.15, 0.2), 'scale': (10.0, 15.0, 20.0)}


@dataclass(frozen=True)
class Truth:
    """Points whose ground is known.

    Attributes:
        x: (n,) east, metres.
        y: (n,) north.
        z: (n,) height.
        ground: (n,) True for ground.
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    ground: np.ndarray


@dataclass(frozen=True)
class Score:
    """Errors in percent, kappa in percent, CPU seconds and points."""

    first: float
    second: float
    total: float
    kappa: float
    seconds: float
    points: int


def samples(folder: Path) -> dict[str, Truth]:
    """The labelled samples of a folder, by the first six letters of their names."""
    found = {}
    for path in sorted(folder.glob('samp*.la[sz]')):
        cloud = PointCloud.open([path])
        parts = list(cloud.chunks(cloud.crs))
        x, y, z, ground = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ('x', 'y', 'z', 'is_ground')
        )
        found[path.stem[:6]] = Truth(x, y, z, ground)
    return found


def on_hillside(truth: Truth, slope: float, azimuth: float) -> Truth:
    """The same points on a plane; walls and trees stay upright."""
    turn = np.radians(azimuth)
    east, north = truth.x - truth.x.mean(), truth.y - truth.y.mean()
    return replace(truth, z=truth.z + slope * (east * np.sin(turn) + north * np.cos(turn)))


def on_ridges(truth: Truth) -> Truth:
    """The same points on hills 30 m high, 90 m and 140 m apart: slopes of up to 1.05."""
    east, north = truth.x - truth.x.mean(), truth.y - truth.y.mean()
    hills = np.sin(2 * np.pi * east / 90) * np.cos(2 * np.pi * north / 140)
    return replace(truth, z=truth.z + 15 * hills)


def forest(seed: int, slope: float, density: float, through: float, houses: int = 0) -> Truth:
    """Forest on a slope: relief of several scales, three scarps, trees, shrubs, houses.

    Args:
        seed: Of everything.
        slope: Rise over run of the whole.
        density: Points per square metre.
        through: Share of points under trees that reach the ground.
        houses: How many.
    """
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, SIDE, (2, round(density * SIDE**2)))
    east, north = np.mgrid[: SIDE + 1, : SIDE + 1]
    relief = slope * (east * np.cos(seed) + north * np.sin(seed))
    for sigma, height in ((40, 20.0), (15, 7.0), (6, 2.4), (2, 0.8)):
        relief = relief + height * max(slope, 0.1) * _noise(rng, sigma)
    for scarp in range(3):
        along = east * np.cos(scarp + seed) + north * np.sin(scarp + seed)
        relief = relief + 3 * np.tanh((along - rng.uniform(0.2, 0.8) * SIDE) / 1.5)
    top = _at(_canopy(rng, SIDE**2 // 25), x, y)
    crown = (top > 1) & (rng.random(len(x)) > through)
    shrub = ~crown & (_at(_noise(rng, 3), x, y) > 0.4) & (rng.random(len(x)) < 0.5)
    z = _at(relief, x, y) + rng.normal(0, 0.06, len(x))
    z += np.where(crown, top * (1 - 0.8 * rng.beta(1, 4, len(x))), 0)
    z += np.where(shrub, rng.uniform(0.5, 1.6, len(x)), 0)
    ground = ~(crown | shrub)
    for _ in range(houses):
        (middle_x, middle_y), sides = rng.uniform(15, SIDE - 15, 2), rng.uniform(6, 16, 2)
        roof = relief[round(middle_x), round(middle_y)] + rng.uniform(4, 9)
        inside = (np.abs(x - middle_x) < sides[0] / 2) & (np.abs(y - middle_y) < sides[1] / 2)
        inside &= _at(relief, x, y) < roof - 1.5
        z = np.where(inside, roof + 0.1 * rng.normal(size=len(x)), z)
        ground &= ~inside
    return Truth(x, y, z, ground)


def _noise(rng: np.random.Generator, sigma: float) -> np.ndarray:
    """Smooth noise of that scale, in metres, with a deviation of one."""
    noise = ndimage.gaussian_filter(rng.normal(size=(SIDE + 1, SIDE + 1)), sigma, mode='wrap')
    return noise / noise.std()


def _at(surface: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return ndimage.map_coordinates(surface, [x, y], order=1, mode='nearest')


def _canopy(rng: np.random.Generator, trees: int) -> np.ndarray:
    """Height of the crowns of trees 6 to 28 m high."""
    canopy = np.zeros((SIDE + 1, SIDE + 1))
    heights, places = rng.uniform(6, 28, trees), rng.uniform(0, SIDE, (trees, 2))
    for height, (east, north) in zip(heights, places, strict=True):
        radius = 0.13 * height + 1
        box = tuple(
            slice(max(int(at - radius), 0), min(int(at + radius) + 2, SIDE + 1))
            for at in (east, north)
        )
        near_east, near_north = np.mgrid[box[0], box[1]]
        away = np.hypot(near_east - east, near_north - north) / radius
        canopy[box] = np.maximum(canopy[box], np.where(away < 1, height * (1 - away**2 / 2), 0))
    return canopy


def terraces(seed: int, slope: float, step: float, through: float = 0.5) -> Truth:
    """Flat treads and walls ``step`` metres high along winding contours, with bushes and trees."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, SIDE, (2, SIDE**2))
    risen = (x + 12 * _at(_noise(rng, 12), x, y) + 40) * slope / step
    tread = np.floor(risen)
    ground = step * (tread + np.clip((risen - tread - 0.85) / 0.15, 0, 1)) + 0.05 * y
    plant = (_at(_noise(rng, 5), x, y) > 0.3) & (rng.random(len(x)) > through)
    z = ground + np.where(plant, rng.uniform(0.6, 12, len(x)), 0) + rng.normal(0, 0.06, len(x))
    return Truth(x, y, z, ~plant)


def with_outliers(truth: Truth, seed: int) -> Truth:
    """One point in a thousand 2 to 40 m too low, and around some of them a handful of others."""
    rng = np.random.default_rng(seed)
    low = rng.choice(len(truth.x), max(len(truth.x) // 1000, 5), replace=False)
    z, ground = truth.z.copy(), truth.ground.copy()
    z[low] -= rng.uniform(2, 40, len(low))
    ground[low] = False
    middle = np.repeat(low[: len(low) // 4], 4)
    deep = np.repeat(rng.uniform(2, 20, len(low) // 4), 4)
    x, y = (values[middle] + rng.uniform(-0.7, 0.7, len(middle)) for values in (truth.x, truth.y))
    below = truth.z[middle] - deep + rng.uniform(-0.3, 0.3, len(middle))
    return Truth(
        np.concatenate([truth.x, x]),
        np.concatenate([truth.y, y]),
        np.concatenate([z, below]),
        np.concatenate([ground, np.zeros(len(middle), bool)]),
    )


def terrain(labelled: Mapping[str, Truth]) -> dict[str, dict[str, Truth]]:
    """Areas by kind of terrain; the samples as they are come first."""
    slopes = (0.2, 0.6, 1.0)
    woods = {'open': (4.0, 0.15), 'sparse points': (1.0, 0.3), 'dense points': (8.0, 0.3)}
    noisy = {name: labelled[name] for name in ('samp12', 'samp31') if name in labelled}
    noisy['forest'] = forest(3, 0.6, 2.0, 0.3)
    return {
        'ISPRS samples': dict(labelled),
        'samples on a slope of 0.5': {n: on_hillside(t, 0.5, 53) for n, t in labelled.items()},
        'samples on a slope of 1.0': {n: on_hillside(t, 1.0, 143) for n, t in labelled.items()},
        'samples on ridges': {n: on_ridges(t) for n, t in labelled.items()},
        'forest': {
            f'{slope} {name}': forest(round(10 * slope), slope, *wood)
            for slope in slopes
            for name, wood in woods.items()
        },
        'villages': {
            f'{slope}': forest(round(10 * slope) + 1, slope, 2.0, 0.3, houses=25)
            for slope in slopes
        },
        'terraces': {
            'slope 0.3, walls of 5 m': terraces(1, 0.3, 5.0),
            'slope 0.6, walls of 8 m': terraces(2, 0.6, 8.0),
            'slope 0.8, walls of 3 m': terraces(3, 0.8, 3.0, through=0.3),
        },
        'low outliers': {n: with_outliers(t, i) for i, (n, t) in enumerate(noisy.items(), 1)},
    }


def score(chosen: GroundFilter, truth: Truth, cell: float = CELL) -> Score:
    """Filter some points and count."""
    rows, cols = (truth.y.max() - truth.y) / cell, (truth.x - truth.x.min()) / cell
    lowest = np.full((int(rows.max()) + 1, int(cols.max()) + 1), np.inf, np.float32)
    np.minimum.at(lowest, (rows.astype(int), cols.astype(int)), truth.z.astype(np.float32))
    valid = np.isfinite(lowest)
    lowest[~valid] = 0
    start = time.process_time()
    found = is_ground(rows, cols, truth.z, chosen.bare_earth(lowest, valid, cell))
    seconds = time.process_time() - start
    right = float((found == truth.ground).mean())
    share, said = float(truth.ground.mean()), float(found.mean())
    chance = share * said + (1 - share) * (1 - said)
    return Score(
        100 * float((~found[truth.ground]).mean()),
        100 * float(found[~truth.ground].mean()),
        100 * (1 - right),
        100 * (right - chance) / (1 - chance),
        seconds,
        len(found),
    )


def mean(scores: Sequence[Score]) -> Score:
    """Mean errors and kappa; all points and seconds."""
    first, second, total, kappa = (
        float(np.mean([getattr(s, name) for s in scores]))
        for name in ('first', 'second', 'total', 'kappa')
    )
    points, seconds = sum(s.points for s in scores), sum(s.seconds for s in scores)
    return Score(first, second, total, kappa, seconds, points)


def installed() -> dict[str, GroundFilter]:
    """The filters with their defaults; those whose package is missing left out."""
    tiny = np.zeros((4, 4), np.float32)
    found: dict[str, GroundFilter] = {}
    for name in GROUND_FILTERS:
        chosen = ground_filter(name)
        try:
            chosen.bare_earth(tiny, tiny == 0, 1.0)
        except InputError as error:
            print(f'left out: {error}\n')
        else:
            found[name] = chosen
    return found


def print_samples(filters: Mapping[str, GroundFilter], labelled: Mapping[str, Truth]) -> None:
    print('| filter | type I | type II | total | kappa | kpts per CPU s | total by sample |')
    print('|---|---|---|---|---|---|---|')
    for name, chosen in filters.items():
        scores = {sample: score(chosen, truth) for sample, truth in labelled.items()}
        m = mean(list(scores.values()))
        each = ', '.join(f'{sample[4:]}: {s.total:.2f}' for sample, s in scores.items())
        print(
            f'| {name} | {m.first:.2f} | {m.second:.2f} | {m.total:.2f} | {m.kappa:.2f} | '
            f'{m.points / m.seconds / 1000:.0f} | {each} |'
        )


def print_terrain(
    filters: Mapping[str, GroundFilter], areas: Mapping[str, Mapping[str, Truth]]
) -> None:
    print(f'\n| total error / kappa | {" | ".join(filters)} |')
    print(f'|---|{"---|" * len(filters)}')
    for kind, truths in areas.items():
        cells = []
        for chosen in filters.values():
            m = mean([score(chosen, truth) for truth in truths.values()])
            cells.append(f'{m.total:.2f} / {m.kappa:.1f}')
        print(f'| {kind} | {" | ".join(cells)} |')


def print_choice(areas: Mapping[str, Mapping[str, Truth]]) -> None:
    """What parameters do on what they were not chosen by."""
    sets = [
        dict(zip(CHOICE, values, strict=True)) for values in itertools.product(*CHOICE.values())
    ]
    scores = [
        {
            kind: {n: score(ground_filter(**options), t) for n, t in truths.items()}
            for kind, truths in areas.items()
        }
        for options in sets
    ]

    def best(kinds: Sequence[str], without: str = '') -> int:
        def error(i: int) -> float:
            return float(
                np.mean(
                    [
                        np.mean([s.total for n, s in scores[i][k].items() if n != without])
                        for k in kinds
                    ]
                )
            )

        return min(range(len(sets)), key=error)

    first, *_ = areas
    print('\n| left out of the choice | chosen | total there | kappa there | best there |')
    print('|---|---|---|---|---|')
    for kind in areas:
        i = best([k for k in areas if k != kind])
        there = [mean(list(s[kind].values())) for s in scores]
        print(
            f'| {kind} | {sets[i]} | {there[i].total:.2f} | {there[i].kappa:.1f} | '
            f'{min(s.total for s in there):.2f} |'
        )
    left = []
    for sample in areas[first]:
        # the same objects on slopes are left out with the sample
        i = best(list(areas), without=sample)
        left.append(scores[i][first][sample])
    m = mean(left)
    print(f'| each sample in turn | | {m.total:.2f} | {m.kappa:.1f} | |')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('--choice', action='store_true')
    arguments = parser.parse_args()
    labelled = samples(arguments.folder)
    filters = installed()
    print_samples(filters, labelled)
    areas = terrain(labelled)
    print_terrain(filters, areas)
    if arguments.choice:
        print_choice(areas)


if __name__ == '__main__':
    main()
