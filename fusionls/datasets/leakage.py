"""Do training and validation share ground, or pictures? Found out before training.

Flow: two data sets of tiles -> datasets.footprints (where each tile sees) -> [here] -> engine.
Three ways in which what is tested on was trained on: the ground seen from both sides overlaps;
it lies nearer than landslides and texture reach; or the same picture stands on both sides under
two names, as it is, mirrored or turned. Ground is compared where it is known; loose tiles without
georeference and simulated scenes are compared by content alone.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fusionls.datasets.footprints import Footprints, Place, footprints, shared_crs, tile_name
from fusionls.datasets.tile_dataset import TileDataset
from fusionls.errors import SplitLeakageError, raise_together
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import written_whole
from fusionls.quantities import Kind

MOST_NAMED = 20
"""So many pairs of tiles an error and a report name; all are counted."""
SHARED_PIXELS = 0.5
"""Base pixels of common ground below which an overlap is rounding."""
LEAST_VALUES = 16
"""A picture with fewer different values (a lake, a hole) may well be equal to another by chance."""

Pair = tuple[str, str]
Ground = NDArray[np.object_]


@dataclass
class LeakageReport:
    """What two data sets share.

    Attributes:
        sides: Names of the two, training first.
        tiles: Number of tiles of each.
        split_hash: Of the tiles of both sides and the ground they see; two runs of equal hash
            were trained and tested on the same ground.
        overlaps: Pairs of tiles that see common ground, with the share of the second tile's.
        overlap_count: Number of such pairs.
        distance: Metres between the nearest ground of the two sides; None where no scene is
            common, or nothing is known of where they lie.
        near: Pairs nearer than ``least_distance``; ``near_count`` of them.
        duplicates: Pairs of tiles of which a modality is equal; ``duplicate_count`` of them.
        compared: What was compared: ``ground``, ``contents``, both, or nothing.
        customary_random: Whether single random tiles were split.
        least_distance: Metres that were asked for.
        seconds: What it took.
    """

    sides: Pair
    tiles: tuple[int, int]
    split_hash: str = ''
    overlaps: list[tuple[str, str, float]] = field(default_factory=list)
    overlap_count: int = 0
    distance: float | None = None
    near: list[tuple[str, str, float]] = field(default_factory=list)
    near_count: int = 0
    duplicates: list[tuple[str, str, str]] = field(default_factory=list)
    duplicate_count: int = 0
    compared: list[str] = field(default_factory=list)
    customary_random: bool = False
    least_distance: float = 0.0
    seconds: float = 0.0

    @property
    def problems(self) -> list[str]:
        """Every leak, as a text; long lists are cut, with their count."""
        first, second = self.sides
        found = [
            f'{a} of {first} and {b} of {second} see the same ground ({share:.0%} of the latter)'
            for a, b, share in self.overlaps
        ]
        found += _and_more(self.overlap_count - len(self.overlaps), 'pairs that share ground')
        found += [
            f'{a} of {first} lies {metres:.0f} m from {b} of {second}; expected '
            f'{self.least_distance:g} m at least'
            for a, b, metres in self.near
        ]
        found += _and_more(self.near_count - len(self.near), 'pairs that are too near')
        found += [
            f'{a} of {first} and {b} of {second} are the same picture ({modality})'
            for a, b, modality in self.duplicates
        ]
        return found + _and_more(self.duplicate_count - len(self.duplicates), 'equal pictures')

    @property
    def touching(self) -> bool:
        """Whether the two sides touch without a buffer, though nothing overlaps."""
        return self.distance == 0 and not self.overlap_count

    def raise_if_leaking(self) -> None:
        """Raise all problems at once.

        Raises:
            SplitLeakageError: There is a problem.
        """
        raise_together(
            SplitLeakageError,
            f'{self.sides[0]} leaks into {self.sides[1]}',
            self.problems,
            'Split by blocks with a buffer, by regions or folds (datasets.splits), and take equal '
            'pictures out; or train knowingly with CheckLeakage(allow=True) '
            '(tools/train.py --allow-leakage), which is written into the run.',
        )

    def to_json(self) -> dict[str, Any]:
        """As ``leakage.json`` holds it."""
        return {**asdict(self), 'touching': self.touching, 'leaks': len(self.problems)}


def leakage(
    train: TileDataset,
    other: TileDataset,
    *,
    sides: Pair = ('train', 'val'),
    least_distance: float = 0.0,
    contents: bool = True,
) -> LeakageReport:
    """Compare what two data sets see.

    Args:
        train: Tiles to train on.
        other: Tiles to validate or test on.
        sides: What to call the two.
        least_distance: Metres that must lie between the ground of the two; 0 asks only that
            nothing overlaps.
        contents: Whether to look for equal pictures, for which every tile is read once.
    """
    started = time.monotonic()
    ours, theirs = footprints(train), footprints(other)
    report = LeakageReport(
        sides,
        (len(train), len(other)),
        split_hash=split_hash(ours, theirs),
        customary_random=any(getattr(d, 'customary_random', False) for d in (train, other)),
        least_distance=least_distance,
    )
    _compare_ground(ours, theirs, report)
    if contents:
        _compare_contents(train, other, report)
    report.seconds = round(time.monotonic() - started, 3)
    return report


def split_hash(*sides: Footprints) -> str:
    """12 hex digits of the tiles of all sides and the ground they see."""
    digest = hashlib.sha256()
    for side in sides:
        for name, ground in sorted(zip(side.names, side.grounds, strict=True)):
            digest.update(f'{name}|{ground}\n'.encode())
        digest.update(b'--\n')
    return digest.hexdigest()[:12]


def write_reports(path: str | Path, reports: list[LeakageReport], *, allowed: bool) -> None:
    """Write ``leakage.json``, whole or not at all.

    Raises:
        OutputError: It could not be written.
    """
    content = {'allowed': allowed, 'checks': [report.to_json() for report in reports]}
    with written_whole(path) as beside:
        beside.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')


def _compare_ground(ours: Footprints, theirs: Footprints, report: LeakageReport) -> None:
    """Note overlaps, tiles that are too near, and the least distance."""
    distances = []
    for a, b in itertools.product(ours.places, theirs.places):
        crs = shared_crs(a, b)
        if crs is None:
            continue
        report.compared = ['ground']
        first, second = a.ground_in(crs), b.ground_in(crs)
        tree = shapely.STRtree(first)
        overlapping = _note_overlaps(a, b, first, second, tree, report)
        place, distance = tree.query_nearest(second, return_distance=True, all_matches=False)
        metres = distance * crs.axis_info[0].unit_conversion_factor
        distances.append(metres.min(initial=np.inf))
        too_near = (metres < report.least_distance) & ~np.isin(place[0], overlapping)
        near = np.flatnonzero(too_near)
        report.near_count += len(near)
        for i in near[: MOST_NAMED - len(report.near)]:
            pair = a.names[place[1, i]], b.names[place[0, i]]
            report.near.append((*pair, float(metres[i])))
    least = min(distances, default=np.inf)
    report.distance = float(least) if np.isfinite(least) else None


def _note_overlaps(
    a: Place, b: Place, first: Ground, second: Ground, tree: shapely.STRtree, report: LeakageReport
) -> NDArray[np.int64]:
    """Note tiles that see common ground; give the places of the second side's."""
    theirs, ours = tree.query(second, predicate='intersects')
    common = shapely.area(shapely.intersection(first[ours], second[theirs]))
    real = np.flatnonzero(common > SHARED_PIXELS * b.pixel_area)
    report.overlap_count += len(real)
    for i in real[: MOST_NAMED - len(report.overlaps)]:
        share = float(common[i] / shapely.area(second[theirs[i]]))
        report.overlaps.append((a.names[ours[i]], b.names[theirs[i]], share))
    return np.asarray(theirs[real])


def _compare_contents(train: TileDataset, other: TileDataset, report: LeakageReport) -> None:
    """Note tiles of which a modality is equal, mirrored and turned ones included."""
    report.compared.append('contents')
    seen: dict[tuple[str, str], list[int]] = {}
    for key, index in _keys(train):
        seen.setdefault(key, []).append(index)
    for key, index in _keys(other):
        for twin in seen.get(key, ()):
            if not _is_same(_shown(train, twin)[key[0]], _shown(other, index)[key[0]]):
                continue
            report.duplicate_count += 1
            if len(report.duplicates) < MOST_NAMED:
                names = tile_name(train, twin), tile_name(other, index)
                report.duplicates.append((*names, key[0]))


def _keys(dataset: TileDataset) -> Iterator[tuple[tuple[str, str], int]]:
    """A key per tile and modality that equal pictures share, however they are turned."""
    for index in range(len(dataset)):
        for modality, (values, valid) in _shown(dataset, index).items():
            inside = values[:, valid]  # (C, n)
            ordered = np.sort(inside, axis=1)
            different = 1 + np.count_nonzero(np.diff(ordered, axis=1), axis=1)
            if different.max(initial=0) >= LEAST_VALUES:
                digest = hashlib.blake2b(ordered.tobytes(), digest_size=16).hexdigest()
                yield (modality, digest), index


def _shown(dataset: TileDataset, index: int) -> Mapping[str, tuple[FloatArray, BoolArray]]:
    """Measured layers of a tile, as the model may see them; class codes are too easily equal."""
    info = dataset.get_data_info(index)
    inputs, _ = dataset.read_tile(info['scene'], info['window'])
    shown = {}
    for modality, (values, valid) in inputs.items():
        kinds = dataset.kinds(info['scene'], modality)
        # what a flip changes in meaning would hide a turned copy
        keep = [i for i, kind in enumerate(kinds) if kind is Kind.CONTINUOUS]
        if keep and valid.any():
            shown[modality] = (values[keep] * valid, valid)
    return shown


def _is_same(one: tuple[FloatArray, BoolArray], other: tuple[FloatArray, BoolArray]) -> bool:
    """Whether two pictures are equal, as they are, mirrored or turned."""
    for quarters, mirror in itertools.product(range(4), (False, True)):
        turned = [np.rot90(a[..., ::-1] if mirror else a, quarters, (-2, -1)) for a in other]
        if all(itertools.starmap(np.array_equal, zip(turned, one, strict=True))):
            return True
    return False


def _and_more(count: int, what: str) -> list[str]:
    return [f'... and {count} more {what}'] if count > 0 else []
