"""Landslide metrics of predicted boxes in the mmengine loop, COCO AP among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionls.evaluation.functional.assignment import best_pairs
from fusionls.evaluation.functional.coco import box_area, box_iou, coco_tally, shares_in
from fusionls.evaluation.functional.confusion import UNMAPPED
from fusionls.evaluation.functional.map_sums import MapSums
from fusionls.evaluation.metrics.streaming import StreamingMetric
from fusionls.evaluation.tally import Tally
from fusionls.geo.raster import BoolArray
from fusionls.registry import METRICS

Boxes = NDArray[np.float64]


@METRICS.register_module()
class LandslideBoxMetric(StreamingMetric):
    """Scores of predicted boxes: matched one to one by IoU, and COCO AP.

    A detection that matches no landslide counts as wrong unless most of it (a share of
    ``iou_threshold``) lies in one ignored instance or on ground that nobody mapped (label 255 in
    ``gt_sem_seg``, where the sample has it): there it is neither right nor wrong, as over a crowd
    of COCO.

    Args:
        least_score: Predictions with a lower score are left out, except for COCO AP.
        least_pixels: Predictions of a smaller area, square pixels, are left out, as the boxes of
            truths never are that small.
        **options: Those of :class:`StreamingMetric`.
    """

    def __init__(self, *, least_score: float = 0.5, least_pixels: int = 16, **options: Any) -> None:
        super().__init__(least_pixels=least_pixels, **options)
        self.least_score = least_score

    def tally(self, sample: Mapping[str, Any], inputs: Mapping[str, Any]) -> Tally:
        """Match one tile."""
        found, true, ignored = (
            boxes_of(sample, name)
            for name in ('pred_instances', 'gt_instances', 'ignored_instances')
        )
        scores = sample['pred_instances']['scores'].cpu().numpy()
        unmapped = _unmapped(sample)  # (1 or 0, H, W)
        known = np.concatenate([true, ignored])
        crowd = np.arange(len(known) + len(unmapped)) >= len(true)
        iou = np.concatenate(
            [box_iou(found, known, crowd[: len(known)]), shares_in(found, unmapped)], axis=1
        )  # (D, true + ignored + unmapped)
        areas = np.concatenate([box_area(known), unmapped.sum((1, 2))]).astype(np.float64)
        chosen = (scores >= self.least_score) & (box_area(found) >= self.rules.least_pixels)
        sums = {'objects': self._matched(iou[chosen], len(true))}
        coco = {'box': coco_tally(iou, scores, box_area(found), areas, crowd)}
        return Tally.of_tile(self.block_of(sample), MapSums(sums, {}), coco)

    def _matched(self, iou: NDArray[np.float64], true: int) -> NDArray[np.float64]:
        """Matched, predicted and true boxes; the first columns are the true ones."""
        near = iou >= self.rules.iou_threshold
        rows, cols = np.nonzero(near[:, :true])
        pairs = best_pairs(rows, cols, iou[rows, cols], (len(iou), true))
        silent = np.asarray(near[:, true:].any(axis=1))
        silent[[row for row, _, _ in pairs]] = False
        return np.array([len(pairs), np.count_nonzero(~silent), true], np.float64)


def boxes_of(sample: Mapping[str, Any], name: str) -> Boxes:
    """(n, 4) left, top, right, bottom of the instances of that name; none where there are none."""
    if name not in sample or 'bboxes' not in sample[name]:
        return np.zeros((0, 4))
    return np.asarray(sample[name]['bboxes'].cpu(), np.float64).reshape(-1, 4)


def filled_boxes(sample: Mapping[str, Any], name: str) -> BoolArray:
    """(n, H, W) pixels whose centre lies in each box of the instances of that name."""
    rows, cols = sample['ori_shape']
    left, top, right, bottom = (side[:, None] for side in boxes_of(sample, name).T)
    across, down = np.arange(cols) + 0.5, np.arange(rows) + 0.5
    wide = (left <= across) & (across < right)  # (n, W)
    high = (top <= down) & (down < bottom)  # (n, H)
    return np.asarray(high[:, :, None] & wide[:, None, :])


def box_labels(sample: Mapping[str, Any]) -> NDArray[np.uint8]:
    """(H, W) labels: 1 in true boxes, 255 beyond them where nobody mapped, 0 elsewhere."""
    labels = np.zeros(tuple(sample['ori_shape']), np.uint8)
    labels[_unmapped(sample).any(axis=0)] = UNMAPPED
    labels[filled_boxes(sample, 'gt_instances').any(axis=0)] = 1
    return labels


def _unmapped(sample: Mapping[str, Any]) -> BoolArray:
    """(1, H, W) ground that nobody mapped, cut back to the tile; (0, H, W) where all is mapped."""
    rows, cols = sample['ori_shape']
    if 'gt_sem_seg' not in sample:
        return np.zeros((0, rows, cols), bool)
    unmapped = sample['gt_sem_seg']['sem_seg'][:, :rows, :cols].cpu().numpy() == UNMAPPED
    return np.asarray(unmapped[unmapped.any((1, 2))])
