"""Counting speed: pooled pixel metrics and matched objects beside the straightforward way.

Pixels: a map of 10 000 x 10 000 (probabilities, labels with unmapped ground), all in memory.
Objects: two inventories of 10 000 polygons each, as a mapper and a model would draw them, and the
same as label rasters. The straightforward side is what scikit-learn's users and a double loop
would do; both sides must agree before they are timed. One process, one thread, CPU seconds of the
process, sides in turns, the median of the rounds.

Run: OMP_NUM_THREADS=1 python benchmarks/evaluation.py [--rounds 3] [--side 10000] [--write]
     --write puts the table into benchmarks/evaluation.md
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from rasterio.features import rasterize
from scipy import ndimage
from shapely.affinity import translate
from sklearn.metrics import average_precision_score, confusion_matrix

from fusionls.evaluation.functional.calibration import Reliability, reliability_sums
from fusionls.evaluation.functional.confusion import Counts, count_pixels
from fusionls.evaluation.functional.curves import ThresholdCurve, count_by_probability
from fusionls.evaluation.functional.objects import match_labels
from fusionls.evaluation.functional.polygons import match_polygons

HERE = Path(__file__).parent
POLYGONS = 10_000
AIMS = {'pixels': 2.0, 'objects': 5.0}  # CPU seconds

Side = Callable[[], Any]


def map_and_labels(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Probability float32 and labels uint8: 8 % landslides in blobs, 5 % unmapped in patches."""
    rng = np.random.default_rng(0)
    coarse = ndimage.gaussian_filter(rng.normal(size=(side // 10, side // 10)), 2)
    field = np.repeat(np.repeat(coarse.astype(np.float32), 10, 0), 10, 1)
    truth = (field > np.quantile(coarse, 0.92)).astype(np.uint8)
    holes = ndimage.gaussian_filter(rng.normal(size=coarse.shape), 8)
    unmapped = np.repeat(np.repeat(holes > np.quantile(holes, 0.95), 10, 0), 10, 1)
    odds = 3 * truth.astype(np.float32) - 2 + rng.normal(size=truth.shape).astype(np.float32)
    truth[unmapped] = 255
    return 1 / (1 + np.exp(-odds)), truth


def inventories(count: int) -> tuple[list[shapely.Polygon], list[shapely.Polygon]]:
    """Landslides of 20 corners on a jittered lattice, and the same as a model might draw them."""
    rng = np.random.default_rng(1)
    across = math.ceil(count**0.5)
    true, found = [], []
    for i in range(count):
        centre = 100 * np.array(divmod(i, across)) + rng.uniform(-20, 20, 2)
        angles = np.sort(rng.uniform(0, 2 * np.pi, 20))
        radii = rng.lognormal(2.9, 0.35) * rng.uniform(0.8, 1.2, 20)
        corners = centre + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
        true.append(shapely.Polygon(corners).buffer(0.01))
        found.append(translate(true[-1].simplify(2), *rng.normal(0, 4, 2)).buffer(1.5))
    order = rng.permutation(count)
    return [found[i] for i in order], true


def polygons_one_by_one(found: list[Any], true: list[Any]) -> int:
    """Every pair that meets, the best first: pairs of IoU 0.5 at least are one to one anyway."""
    taken: set[int] = set()
    boxes = [polygon.bounds for polygon in found]
    for polygon in true:
        left, bottom, right, top = polygon.bounds
        for number, box in enumerate(boxes):
            if number in taken or box[0] > right or box[2] < left or box[1] > top:
                continue
            if box[3] < bottom:
                continue
            common = polygon.intersection(found[number]).area
            if common >= 0.5 * polygon.union(found[number]).area:
                taken.add(number)
                break
    return len(taken)


def labels_one_by_one(found: np.ndarray, true: np.ndarray) -> int:
    """Each true object's window, each prediction in it."""
    matched = 0
    windows = ndimage.find_objects(true)
    sizes = np.bincount(found.ravel())
    for number, window in enumerate(windows, start=1):
        if window is None:
            continue
        mask = true[window] == number
        for other in np.unique(found[window][mask]):
            if other:
                common = np.count_nonzero(mask & (found[window] == other))
                if common / (mask.sum() + sizes[other] - common) >= 0.5:
                    matched += 1
    return matched


def pixel_sides(probability: np.ndarray, truth: np.ndarray) -> dict[str, tuple[str, Side]]:
    """Counting of masks, with the curve, with calibration too; each beside scikit-learn."""
    counted, landslide = truth != 255, truth == 1
    predicted = probability >= 0.5

    def masks() -> Counts:
        return count_pixels(predicted, truth)

    def everything() -> tuple[Counts, float]:
        curve = ThresholdCurve(count_by_probability(probability, landslide, counted))
        return count_pixels(probability >= 0.5, truth), float(curve.average_precision)

    def calibration() -> float:
        sums, _ = reliability_sums(probability, landslide, counted)
        return float(Reliability(sums).expected_calibration_error)

    def plain_masks() -> Counts:
        (tn, fp), (fn, tp) = confusion_matrix(truth[counted], predicted[counted])
        return Counts(int(tp), int(fp), int(fn), int(tn))

    def plain_curve() -> float:
        return float(average_precision_score(truth[counted], probability[counted]))

    ours, theirs = masks(), plain_masks()
    assert ours == theirs, (ours, theirs)
    gap = abs(everything()[1] - plain_curve())
    assert gap < 1e-3, gap
    return {
        'precision, recall, F1, IoU, MCC, kappa from masks': ('fusionls', masks),
        'the same, scikit-learn confusion_matrix': ('plain', plain_masks),
        'the same and AP and every threshold, from probabilities': ('fusionls', everything),
        'AP alone, scikit-learn average_precision_score': ('plain', plain_curve),
        'ECE and Brier score beside it': ('fusionls', calibration),
    }


def object_sides() -> dict[str, tuple[str, Side]]:
    """Matching of polygons and of label rasters, each beside a double loop."""
    found, true = inventories(POLYGONS)
    side = int(100 * POLYGONS**0.5) + 100
    labels = [
        rasterize(
            ((polygon, number) for number, polygon in enumerate(given, start=1)),
            (side, side),
            transform=(1, 0, -50, 0, 1, -50),
            dtype='int32',
        )
        for given in (found, true)
    ]

    def polygons() -> int:
        return match_polygons(found, true).counts.matched

    def rasters() -> int:
        return match_labels(*labels).counts.matched

    ours, theirs = (
        (polygons(), rasters()),
        (
            polygons_one_by_one(found, true),
            labels_one_by_one(*labels),
        ),
    )
    assert ours == theirs, (ours, theirs)
    return {
        f'{POLYGONS} polygons by IoU ({ours[0]} match)': ('fusionls', polygons),
        'the same, double loop over bounding boxes': (
            'plain',
            lambda: polygons_one_by_one(found, true),
        ),
        f'{POLYGONS} objects of rasters of {side} x {side} ({ours[1]} match)': (
            'fusionls',
            rasters,
        ),
        'the same, object by object': ('plain', lambda: labels_one_by_one(*labels)),
    }


def timed(sides: dict[str, tuple[str, Side]], rounds: int) -> dict[str, float]:
    """Median CPU seconds of each side, sides in turns."""
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, (_, run) in sides.items():
            start = time.process_time()
            run()
            spent[name].append(time.process_time() - start)
    return {name: float(np.median(seconds)) for name, seconds in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--side', type=int, default=10_000, help='of the map, pixels')
    parser.add_argument('--write', action='store_true', help='into benchmarks/evaluation.md')
    arguments = parser.parse_args()
    lines = ['| | side | CPU s | aim |', '|---|---|---:|---:|']
    for kind, make in (
        ('pixels', lambda: pixel_sides(*map_and_labels(arguments.side))),
        ('objects', object_sides),
    ):
        sides = make()
        for name, seconds in timed(sides, arguments.rounds).items():
            side = sides[name][0]
            aim = f'{AIMS[kind]:g}' if side == 'fusionls' else ''
            lines.append(f'| {name} | {side} | {seconds:.2f} | {aim} |')
        del sides  # a gigabyte
    table = '\n'.join(lines)
    print(table)
    if arguments.write:
        head, _, _ = (HERE / 'evaluation.md').read_text().partition('## Last results')
        command = f'python benchmarks/evaluation.py --rounds {arguments.rounds} --write'
        machine = f'{platform.machine()}, {os.cpu_count()} cores shared with other work, 1 thread'
        versions = f'Python {platform.python_version()}, numpy {np.__version__}'
        (HERE / 'evaluation.md').write_text(
            f'{head}## Last results\n\n`{command}`, {date.today()}, {machine}, {versions}; map of '
            f'{arguments.side} x {arguments.side} pixels.\n\n{table}\n'
        )


if __name__ == '__main__':
    main()
