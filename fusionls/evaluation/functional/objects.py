"""Landslides found and missed: one-to-one matching of predicted and true objects.

Flow: masks or label rasters -> [here] -> evaluation.metrics, tables.
An object is a set of valid pixels that hang together by edges or corners (8 neighbours). Pairs
with an intersection over union (IoU) of at least a threshold may match; among all one-to-one
matchings the one with the most pairs is taken and, among those, the one with the largest sum of
IoU. This is exact for every threshold: above 0.5 an object has at most one candidate, below it
the assignment problem is solved in each group of objects that compete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fusionls.evaluation.functional.confusion import checked_masks, ratio
from fusionls.geo.raster import BoolArray

LabelArray = NDArray[np.int32]
IOU_THRESHOLD = 0.5
"""IoU from which on two objects are the same landslide, as in COCO's AP50."""


@dataclass(frozen=True)
class ObjectCounts:
    """Landslides matched, predicted and true; add them up with ``+`` or ``sum``.

    A score whose denominator is zero is undefined and comes back as NaN.

    Attributes:
        matched: Pairs of a predicted and a true object.
        predicted: Predicted objects.
        true: True objects.
    """

    matched: int = 0
    predicted: int = 0
    true: int = 0

    def __add__(self, other: ObjectCounts) -> ObjectCounts:
        return ObjectCounts(
            self.matched + other.matched,
            self.predicted + other.predicted,
            self.true + other.true,
        )

    @property
    def precision(self) -> float:
        """Share of predicted objects that match a true one; NaN where none was predicted."""
        return ratio(self.matched, self.predicted)

    @property
    def recall(self) -> float:
        """Share of true objects that were found; NaN where there is none."""
        return ratio(self.matched, self.true)

    @property
    def f1(self) -> float:
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
        pairs: True label, predicted label and IoU of each matched pair, by true label.
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
    if predicted.shape != truth.shape:
        raise ValueError(f'predicted {predicted.shape} and truth {truth.shape} must have one shape')
    if not 0 < iou_threshold <= 1:
        raise ValueError(f'iou_threshold must be above 0 and up to 1, got {iou_threshold}')
    true_labels, true_areas = np.unique(truth[truth > 0], return_counts=True)
    predicted_labels, predicted_areas = np.unique(predicted[predicted > 0], return_counts=True)
    both = (truth > 0) & (predicted > 0)
    rows = np.searchsorted(true_labels, truth[both])
    cols = np.searchsorted(predicted_labels, predicted[both])
    keys, common = np.unique(rows * len(predicted_labels) + cols, return_counts=True)
    rows, cols = np.divmod(keys, max(len(predicted_labels), 1))
    iou = common / (true_areas[rows] + predicted_areas[cols] - common)
    near = iou >= iou_threshold
    chosen = _assignment(
        rows[near], cols[near], iou[near], (len(true_labels), len(predicted_labels))
    )
    return ObjectMatch(
        tuple(true_labels.tolist()),
        tuple(predicted_labels.tolist()),
        tuple((int(true_labels[r]), int(predicted_labels[c]), score) for r, c, score in chosen),
    )


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


def _assignment(
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    iou: NDArray[np.float64],
    shape: tuple[int, int],
) -> list[tuple[int, int, float]]:
    """Choose the most candidate pairs, then the largest sum of IoU, each row and column once."""
    if not len(rows):
        return []
    nodes = shape[0] + shape[1]
    edges = coo_array((np.ones(len(rows), bool), (rows, cols + shape[0])), shape=(nodes, nodes))
    group = connected_components(edges, directed=False)[1][rows]
    order = np.argsort(group, kind='stable')
    chosen = []
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        group_rows, row_of = np.unique(rows[members], return_inverse=True)
        group_cols, col_of = np.unique(cols[members], return_inverse=True)
        group_iou = np.zeros((len(group_rows), len(group_cols)))
        group_iou[row_of, col_of] = iou[members]
        # one more pair outweighs any sum of IoU, which is at most the number of pairs
        score = group_iou + (group_iou > 0) * (min(group_iou.shape) + 1)
        for r, c in zip(*linear_sum_assignment(score, maximize=True), strict=True):
            if group_iou[r, c] > 0:
                chosen.append((int(group_rows[r]), int(group_cols[c]), float(group_iou[r, c])))
    return sorted(chosen)
