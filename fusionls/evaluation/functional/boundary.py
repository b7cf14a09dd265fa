"""How well outlines agree: boundary F and boundary IoU at a stated distance.

Flow: masks -> [here: counts] -> scores.
Sources: Csurka et al. (2013), "What is a good evaluation measure for semantic segmentation?"
(boundary F); Cheng et al. (2021), "Boundary IoU", eq. 2.
Differs: distances are Euclidean, between pixel centres; the edge of a tile and the edge of
unmapped ground are no outline, for a landslide only seems to end there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.evaluation.functional.confusion import Amount, ratio
from fusionls.geo.raster import BoolArray

CROSS = ndimage.generate_binary_structure(2, 1)


def outline(mask: BoolArray, counted: BoolArray) -> BoolArray:
    """(H, W) pixels of a mask that share an edge with a counted pixel outside it."""
    beside = ndimage.binary_dilation(counted & ~mask, CROSS)
    return np.asarray(mask & beside)


def boundary_sums(
    predicted: BoolArray, truth: BoolArray, counted: BoolArray, distances: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What both scores are made of; add them up over tiles.

    Args:
        predicted: (H, W), False where a pixel does not count.
        truth: The same.
        counted: (H, W).
        distances: n distances, pixels.

    Returns:
        Boundary F: (n, 4) predicted outline pixels near the true outline, all of them, true
        outline pixels near the predicted outline, all of them. Boundary IoU: (n, 2) pixels in
        both bands, pixels in at least one.
    """
    for_f = np.zeros((len(distances), 4))
    for_iou = np.zeros((len(distances), 2))
    if not predicted.any() and not truth.any():
        return for_f, for_iou
    lines = outline(predicted, counted), outline(truth, counted)
    to_line = tuple(_distance_to(line) for line in lines)
    inward = tuple(_distance_to(counted & ~mask) for mask in (predicted, truth))
    for row, distance in enumerate(distances):
        for_f[row] = [
            np.count_nonzero(lines[0] & (to_line[1] <= distance)),
            np.count_nonzero(lines[0]),
            np.count_nonzero(lines[1] & (to_line[0] <= distance)),
            np.count_nonzero(lines[1]),
        ]
        bands = [
            mask & (depth <= distance)
            for mask, depth in zip((predicted, truth), inward, strict=True)
        ]
        for_iou[row] = np.count_nonzero(bands[0] & bands[1]), np.count_nonzero(bands[0] | bands[1])
    return for_f, for_iou


def _distance_to(mask: BoolArray) -> NDArray[np.float64]:
    """(H, W) distance to the nearest pixel of a mask, pixels; infinite where it is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(~mask))


@dataclass(frozen=True)
class BoundaryScores:
    """Boundary F and IoU from summed counts.

    Attributes:
        for_f: (..., 4) of one distance, as of :func:`boundary_sums`.
        for_iou: (..., 2) of the same distance.
    """

    for_f: NDArray[np.float64]
    for_iou: NDArray[np.float64]

    @property
    def precision(self) -> Amount:
        """Share of the predicted outline that lies near the true one; NaN without any."""
        return ratio(self.for_f[..., 0], self.for_f[..., 1])

    @property
    def recall(self) -> Amount:
        """Share of the true outline that lies near the predicted one; NaN without any."""
        return ratio(self.for_f[..., 2], self.for_f[..., 3])

    @property
    def f1(self) -> Amount:
        """Harmonic mean of both; 0 where only one map has outlines, NaN where neither has."""
        none = (self.for_f[..., 1] == 0) & (self.for_f[..., 3] == 0)
        precision, recall = np.nan_to_num(self.precision), np.nan_to_num(self.recall)
        mean = np.nan_to_num(ratio(2 * precision * recall, precision + recall))
        return np.where(none, np.nan, mean)

    @property
    def iou(self) -> Amount:
        """IoU of the two bands along the outlines; NaN where neither map has one."""
        return ratio(self.for_iou[..., 0], self.for_iou[..., 1])
