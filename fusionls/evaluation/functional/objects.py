"""Landslides found and missed: one-to-one matching of predicted and true objects.

Flow: masks or label rasters -> [here] -> evaluation.metrics, tables.
An object is a set of valid pixels that hang together by edges or corners (8 neighbours). Pairs
with an intersection over union (IoU) of at least a threshold may match; among all one-to-one
matchings the one with the most pairs is taken and, among those, the one with the largest sum of
IoU (``assignment``). Or pairs match by the distance of their centroids, for inventories that
agree on the place and not on the outline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from fusionls.evaluation.functional.assignment import IndexArray, best_pairs
from fusionls.evaluation.functional.confusion import Amount, checked_masks, ratio
from fusionls.geo.raster import BoolArray

LabelArray = NDArray[np.int32]
IOU_THRESHOLD = 0.5
"""IoU from which on two objects are the same landslide, as in COCO's AP50."""


@dataclass(frozen=True)
class ObjectCounts:
    """Landslides matched, predicted and true; add them up with ``+`` or ``sum``.

    A score whose denominator is zero is undefined and comes back as NaN. The three may be arrays
    of one shape; every score is then an array of that shape.

    Attributes:
        matched: Pairs of a predicted and a true object.
        predicted: Predicted objects.
        true: True objects.
    """

    matched: Amount = 0
    predicted: Amount = 0
    true: Amount = 0

    def __add__(self, other: ObjectCounts) -> ObjectCounts:
        return ObjectCounts(
            self.matched + other.matched,
            self.predicted + other.predicted,
            self.true + other.true,
        )

    @property
    def precision(self) -> Amount:
        """Share of predicted objects that match a true one; NaN where none was predicted."""
        return ratio(self.matched, self.predicted)

    @property
    def recall(self) -> Amount:
        """Share of true objects that were found; NaN where there is none."""
        return ratio(self.matched, self.true)

    @property
    def f1(self) -> Amount:
        """2 matched / (predicted + true); NaN where there are no objects at all."""
        return ratio(2 * self.matched, self.predicted + self.true)

    def scores(self) -> dict[str, float]:
        """Precision, recall and f1 by name, each with the prefix ``object_``."""
        return {f'object_{name}': getattr(self, name) for name in ('precision', 'recall', 'f1')}


@dataclass(frozen=True)
class ObjectMatch:
    """Which predicted object is which true one.

    Attributes:
        true_labels: Labels of the true objects, ascending.
        predicted_labels: Labels of the predicted objects, ascending.
        pairs: True label, predicted label and IoU (or closeness) of each matched pair, by true
            label.
    """

    true_labels: tuple[int, ...]
    predicted_labels: tuple[int, ...]
    pairs: tuple[tuple[int, int, float], ...]

    @property
    def counts(self) -> ObjectCounts:
        """How many matched of how many."""
        return ObjectCounts(len(self.pairs), len(self.predicted_labels), len(self.true_labels))

    def recall_by_type(self, types: Mapping[int, str]) -> dict[str, tuple[int, int]]:
        """Found and all true objects of each type.

        Args:
            types: Type by true label; labels without one are gathered under ``'unknown'``.

        Returns:
            By type, in alphabetical order: matched objects, objects.
        """
        found = {true for true, _, _ in self.pairs}
        tally: dict[str, tuple[int, int]] = {}
        for label in self.true_labels:
            name = types.get(label, 'unknown')
            matched, count = tally.get(name, (0, 0))
            tally[name] = (matched + (label in found), count + 1)
        return dict(sorted(tally.items()))


def label_objects(mask: BoolArray, *, min_pixels: int = 1) -> LabelArray:
    """Number the connected objects of a mask; specks are dropped.

    Args:
        mask: (H, W) bool, already False where invalid.
        min_pixels: Objects of fewer pixels become background.

    Returns:
        (H, W) int32: 0 background, 1, 2, ... in the order of their first pixel, row by row.
    """
    labels = np.empty(mask.shape, np.int32)
    count = ndimage.label(mask, structure=np.ones((3, 3), bool), output=labels)
    if min_pixels <= 1 or count == 0:
        return labels
    # bincount asks for 8 bytes a pixel, so only the pixels of objects are handed to it
    areas = np.bincount(labels[labels > 0], minlength=count + 1)
    kept = areas >= min_pixels
    kept[0] = False
    renumbered = np.zeros(count + 1, np.int32)
    renumbered[kept] = np.arange(1, np.count_nonzero(kept) + 1)
    return renumbered[labels]


def match_labels(
    predicted: NDArray[np.integer],
    truth: NDArray[np.integer],
    *,
    iou_threshold: float = IOU_THRESHOLD,
) -> ObjectMatch:
    """Match the objects of two label rasters.

    Args:
        predicted: (H, W), 0 background, one positive number per object.
        truth: The same for the true objects; numbers need not be consecutive, so that the ids
            of a rasterised inventory keep touching landslides apart.
        iou_threshold: Least IoU of a pair, above 0 and up to 1.

    Raises:
        ValueError: The shapes differ or the threshold is out of range.
    """
    _check_shapes(predicted, truth)
    if not 0 < iou_threshold <= 1:
        raise ValueError(f'iou_threshold must be above 0 and up to 1, got {iou_threshold}')
    true_labels, true_areas = _labels_and_areas(truth)
    predicted_labels, predicted_areas = _labels_and_areas(predicted)
    both = (truth > 0) & (predicted > 0)
    true_of, predicted_of = truth[both], predicted[both]
    starts, lengths = _runs(true_of, predicted_of)
    rows = np.searchsorted(true_labels, true_of[starts])
    cols = np.searchsorted(predicted_labels, predicted_of[starts])
    keys, run_of = np.unique(rows * len(predicted_labels) + cols, return_inverse=True)
    common = np.bincount(run_of, lengths, minlength=len(keys))
    rows, cols = np.divmod(keys, max(len(predicted_labels), 1))
    iou = common / (true_areas[rows] + predicted_areas[cols] - common)
    near = iou >= iou_threshold
    shape = (len(true_labels), len(predicted_labels))
    chosen = best_pairs(rows[near], cols[near], iou[near], shape)
    return _named(true_labels, predicted_labels, chosen)


def match_centroids(
    predicted: NDArray[np.integer], truth: NDArray[np.integer], *, distance: float
) -> ObjectMatch:
    """Match the objects of two label rasters whose centroids are near each other.

    Args:
        predicted: (H, W), 0 background, one positive number per object.
        truth: The same for the true objects.
        distance: Largest distance of two centroids, pixels.

    Returns:
        Pairs with a closeness of 1 where the centroids fall together, down to 1/2 at ``distance``.

    Raises:
        ValueError: The shapes differ or the distance is not positive.
    """
    _check_shapes(predicted, truth)
    if not distance > 0:
        raise ValueError(f'the distance must be above 0 pixels, got {distance}')
    true_labels, true_centres = _centroids(truth)
    predicted_labels, predicted_centres = _centroids(predicted)
    near = KDTree(true_centres).sparse_distance_matrix(
        KDTree(predicted_centres), distance, output_type='ndarray'
    )
    chosen = best_pairs(
        near['i'].astype(np.int64),
        near['j'].astype(np.int64),
        1 - near['v'] / (2 * distance),
        (len(true_labels), len(predicted_labels)),
    )
    return _named(true_labels, predicted_labels, chosen)


def count_objects(
    predicted: NDArray[np.generic],
    truth: NDArray[np.generic],
    valid: BoolArray | None = None,
    *,
    iou_threshold: float = IOU_THRESHOLD,
    min_pixels: int = 1,
) -> ObjectCounts:
    """Count the matched objects of one scene.

    Invalid pixels are cut out of both masks before objects are formed: a landslide half under
    a hole is compared by its other half.

    Args:
        predicted: (H, W) bool or 0 and 1; anything where invalid.
        truth: (H, W) bool or 0, 1 and 255 (not mapped, does not count).
        valid: (H, W), False where a pixel must not count; all count by default.
        iou_threshold: Least IoU of a matching pair.
        min_pixels: Objects of fewer valid pixels are dropped on both sides.

    Raises:
        LabelError: A mask holds what a mask cannot hold.
        ValueError: The shapes differ or the threshold is out of range.
    """
    predicted_mask, true_mask, _ = checked_masks(predicted, truth, valid)
    match = match_labels(
        label_objects(predicted_mask, min_pixels=min_pixels),
        label_objects(true_mask, min_pixels=min_pixels),
        iou_threshold=iou_threshold,
    )
    return match.counts


def _check_shapes(predicted: NDArray[np.integer], truth: NDArray[np.integer]) -> None:
    if predicted.shape != truth.shape:
        raise ValueError(f'predicted {predicted.shape} and truth {truth.shape} must have one shape')


def _runs(*along: NDArray[np.integer]) -> tuple[IndexArray, IndexArray]:
    """Where runs of equal values begin, and their lengths: far fewer to sort than pixels."""
    changes = [values[1:] != values[:-1] for values in along]
    starts = np.flatnonzero(np.logical_or.reduce(changes)) + 1
    starts = np.concatenate([[0], starts]) if along[0].size else starts
    return starts, np.diff(starts, append=along[0].size)


def _labels_and_areas(
    labels: NDArray[np.integer],
) -> tuple[NDArray[np.integer], NDArray[Any]]:
    """Positive labels, ascending, and the pixels of each."""
    inside = labels[labels > 0]
    starts, lengths = _runs(inside)
    names, run_of = np.unique(inside[starts], return_inverse=True)
    return names, np.bincount(run_of, lengths, minlength=len(names))


def _named(
    true_labels: NDArray[np.integer],
    predicted_labels: NDArray[np.integer],
    chosen: list[tuple[int, int, float]],
) -> ObjectMatch:
    """Labels in the place of positions."""
    return ObjectMatch(
        tuple(true_labels.tolist()),
        tuple(predicted_labels.tolist()),
        tuple((int(true_labels[r]), int(predicted_labels[c]), score) for r, c, score in chosen),
    )


def _centroids(labels: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.float64]]:
    """Labels, ascending, and the centroid (row, col) of each, (n, 2)."""
    rows, cols = np.nonzero(labels > 0)
    names, place, areas = np.unique(labels[rows, cols], return_inverse=True, return_counts=True)
    sums = [np.bincount(place, along, minlength=len(names)) for along in (rows, cols)]
    return names, np.stack(sums, axis=1).reshape(-1, 2) / areas[:, None]
