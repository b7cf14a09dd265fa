"""One tile or scene, counted: everything from which scores are taken, as numbers that add up.

Flow: prediction and labels of a tile -> [here] -> blocks.BlockSums -> scores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionls.errors import InputError
from fusionls.evaluation.functional.boundary import boundary_sums
from fusionls.evaluation.functional.calibration import reliability_sums
from fusionls.evaluation.functional.confusion import Counts, checked_masks, count_pixels
from fusionls.evaluation.functional.curves import FloatingArray, count_by_probability
from fusionls.evaluation.functional.objects import (
    IOU_THRESHOLD,
    ObjectMatch,
    label_objects,
    match_centroids,
    match_labels,
)
from fusionls.geo.raster import BoolArray

IMAGE_SCORES = ('precision', 'recall', 'f1', 'iou')
STRATUM = 'stratum: '


@dataclass(frozen=True)
class Rules:
    """What counts as what.

    Attributes:
        threshold: A pixel is predicted a landslide from this probability on.
        iou_threshold: From this IoU on two objects are the same.
        centroid_distance: Up to this distance of centroids, pixels, two objects are the same.
        least_pixels: Smaller objects are left out on both sides.
        boundary_distances: Distances at which outlines agree, pixels.
        size_edges: Edges of size classes, in the unit of ``pixel_area``.
    """

    threshold: float = 0.5
    iou_threshold: float = IOU_THRESHOLD
    centroid_distance: float = 10.0
    least_pixels: int = 9
    boundary_distances: tuple[float, ...] = (1.0, 3.0)
    size_edges: tuple[float, ...] = (100.0, 1000.0, 10_000.0, 100_000.0)

    def __post_init__(self) -> None:
        edges = list(self.size_edges)
        if not edges or edges != sorted(set(edges)) or not 0 < self.threshold <= 1:
            raise InputError(
                f'size_edges must ascend and the threshold lie above 0 and up to 1, got {edges} '
                f'and {self.threshold}'
            )


@dataclass
class MapSums:
    """Sums of a tile, or of many.

    Attributes:
        sums: By name, see :func:`map_sums`.
        areas: How many true and predicted objects have which area.
    """

    sums: dict[str, NDArray[np.float64]]
    areas: dict[str, Counter[float]] = field(
        default_factory=lambda: {'true': Counter(), 'predicted': Counter()}
    )


def map_sums(
    truth: NDArray[np.generic],
    *,
    probability: FloatingArray | None = None,
    predicted: NDArray[np.generic] | None = None,
    valid: BoolArray | None = None,
    rules: Rules | None = None,
    pixel_area: float = 1.0,
    strata: Iterable[tuple[str, BoolArray]] = (),
) -> MapSums:
    """Count one tile or scene.

    Args:
        truth: (H, W) bool or 0, 1 and 255 (not mapped, does not count).
        probability: (H, W) landslide probability; anything where not counted.
        predicted: (H, W) landslides predicted, where there is no probability to cut at
            ``rules.threshold``.
        valid: (H, W), False where a pixel must not count; all count by default.
        rules: What counts as what.
        pixel_area: Area of a pixel, square metres or 1.
        strata: Names and masks (H, W) of kinds of pixels to score apart.

    Returns:
        ``pixels`` tp, fp, fn, tn; ``image_<score>`` sum, number, and number of empty images;
        ``objects`` and ``centroids`` matched, predicted, true; ``recall_by_size`` and
        ``precision_by_size`` (classes, 2) matched, all; ``pixels_by_size`` (classes, 2) true
        pixels found, all; ``inventory`` number and area of the true, number and area of the
        predicted objects; ``boundary_f`` and ``boundary_iou`` (distances, ...); with a
        probability also ``curve``, ``reliability``, ``squared_error``; and the strata's pixels.

    Raises:
        InputError: Neither probability nor prediction, or no probability where a pixel counts.
        LabelError: A mask holds what a mask cannot hold.
        ValueError: The shapes differ.
    """
    rules = rules or Rules()
    if predicted is None:
        if probability is None:
            raise InputError('a map is counted by its probability or by its predicted mask')
        predicted = np.asarray(probability) >= rules.threshold
    found, true, counted = checked_masks(predicted, truth, valid)
    pixels = count_pixels(found, true, counted)
    sums: dict[str, Any] = {'pixels': _four(pixels), **_image_sums(pixels)}
    labels = {
        name: label_objects(mask, min_pixels=rules.least_pixels)
        for name, mask in (('true', true), ('predicted', found))
    }
    matched, areas = matched_sums(labels, rules, pixel_area)
    sums |= matched
    sums['boundary_f'], sums['boundary_iou'] = boundary_sums(
        found, true, counted, rules.boundary_distances
    )
    for name, part in strata:
        sums[STRATUM + name] = _four(count_pixels(found, true, counted & part))
    if probability is not None:
        probability = np.asarray(probability)
        sums['curve'] = count_by_probability(probability, true, counted)
        sums['reliability'], sums['squared_error'] = reliability_sums(probability, true, counted)
    return MapSums({name: np.asarray(value, np.float64) for name, value in sums.items()}, areas)


def matched_sums(
    labels: Mapping[str, NDArray[np.integer]], rules: Rules, pixel_area: float = 1.0
) -> tuple[dict[str, NDArray[np.float64]], dict[str, Counter[float]]]:
    """Sums of matched objects, in all and by size class, and of the inventory; and all areas.

    Args:
        labels: (H, W) of the ``true`` and the ``predicted`` objects, 0 where there is none.
        rules: What counts as what.
        pixel_area: Area of a pixel, square metres or 1.
    """
    pixels = {
        name: np.unique(given[given > 0], return_counts=True)[1] for name, given in labels.items()
    }
    areas = {name: counts * pixel_area for name, counts in pixels.items()}
    predicted, true = labels['predicted'], labels['true']
    by_iou = match_labels(predicted, true, iou_threshold=rules.iou_threshold)
    by_centroid = match_centroids(predicted, true, distance=rules.centroid_distance)
    found = np.isin(by_iou.true_labels, [label for label, _, _ in by_iou.pairs])
    right = np.isin(by_iou.predicted_labels, [label for _, label, _ in by_iou.pairs])
    hit = np.unique(true[true > 0], return_inverse=True)[1]
    seen = np.bincount(hit, predicted[true > 0] > 0, minlength=len(pixels['true']))
    inventory = [
        part for name in ('true', 'predicted') for part in (len(areas[name]), areas[name].sum())
    ]
    sums: dict[str, Any] = {
        'objects': _three(by_iou),
        'centroids': _three(by_centroid),
        'recall_by_size': _by_size(areas['true'], found, rules),
        'precision_by_size': _by_size(areas['predicted'], right, rules),
        'pixels_by_size': _by_size(areas['true'], seen, rules, pixels['true']),
        'inventory': inventory,
    }
    counters = {name: Counter(given.tolist()) for name, given in areas.items()}
    return {name: np.asarray(value, np.float64) for name, value in sums.items()}, counters


def _by_size(
    areas: FloatingArray,
    amount: NDArray[np.generic],
    rules: Rules,
    whole: NDArray[np.generic] | None = None,
) -> NDArray[np.float64]:
    """(classes, 2): sum of ``amount`` and of ``whole`` (1 each by default) by class of area."""
    place = np.digitize(areas, rules.size_edges)
    classes = len(rules.size_edges) + 1
    return np.stack([np.bincount(place, of, minlength=classes) for of in (amount, whole)], axis=1)


def _image_sums(pixels: Counts) -> dict[str, list[float]]:
    """Each score of one image: its value, 1 where it has one, 1 where nothing is on nothing."""
    if not pixels.total:
        return {}
    empty = pixels.tp + pixels.fp + pixels.fn == 0
    values = {name: getattr(pixels, name) for name in IMAGE_SCORES}
    return {
        f'image_{name}': [0.0 if np.isnan(value) else value, not np.isnan(value), empty]
        for name, value in values.items()
    }


def _four(counts: Counts) -> list[int]:
    return [counts.tp, counts.fp, counts.fn, counts.tn]


def _three(match: ObjectMatch) -> list[int]:
    return [match.counts.matched, match.counts.predicted, match.counts.true]
