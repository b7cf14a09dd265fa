"""Matched-object scores of instance predictions in the mmengine loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from fusionls.evaluation.functional.objects import IOU_THRESHOLD, ObjectCounts, match_labels
from fusionls.registry import METRICS


@METRICS.register_module()
class LandslideInstanceMetric(BaseMetric):
    """Precision, recall and F1 of predicted instances, matched one to one by mask IoU.

    Args:
        least_score: Predictions with a lower score are left out.
        iou_threshold: From this IoU on two objects are the same.
        least_pixels: Predictions of fewer pixels are left out, as such truths are.
    """

    default_prefix = 'landslide'

    def __init__(
        self,
        *,
        least_score: float = 0.5,
        iou_threshold: float = IOU_THRESHOLD,
        least_pixels: int = 16,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.least_score = least_score
        self.iou_threshold = iou_threshold
        self.least_pixels = least_pixels

    def process(self, data_batch: dict[str, Any], data_samples: Sequence[dict[str, Any]]) -> None:
        """Match one batch."""
        for sample in data_samples:
            predicted = sample['pred_instances']
            masks = predicted['masks'].cpu().numpy().astype(bool)  # (n, H, W)
            scores = predicted['scores'].cpu().numpy()
            chosen = (scores >= self.least_score) & (
                masks.sum((1, 2)) >= self.least_pixels  # (n,), also where n is 0
            )
            order = np.argsort(scores[chosen], kind='stable')  # the surest is painted last
            rows, cols = sample['ori_shape']
            truth = np.asarray(sample['gt_instances']['masks'].masks, bool)[:, :rows, :cols]
            match = match_labels(
                _painted(masks[chosen][order], (rows, cols)),
                _painted(truth, (rows, cols)),
                iou_threshold=self.iou_threshold,
            )
            self.results.append(match.counts)

    def compute_metrics(self, results: list[ObjectCounts]) -> dict[str, float]:
        """Scores of the pooled counts, 0 to 1."""
        return sum(results, ObjectCounts()).scores()


def _painted(masks: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.int32]:
    """(H, W) labels 1, 2, ... of masks (n, H, W), later ones over earlier ones."""
    labels = np.zeros(shape, np.int32)
    for number, mask in enumerate(masks, start=1):
        labels[mask] = number
    return labels
