"""Landslide metrics in the mmengine loop: counts per sample, scores once from the pooled counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import BaseMetric

from fusionls.evaluation.functional.confusion import Counts, count_pixels
from fusionls.evaluation.functional.objects import IOU_THRESHOLD, ObjectCounts, count_objects
from fusionls.registry import METRICS


@METRICS.register_module()
class LandslideMetric(BaseMetric):
    """Precision, recall, F1 and IoU of landslides, mIoU, and matched-object scores.

    Pixel scores are pooled over all valid pixels of all samples (not averaged over tiles, where
    an empty tile would count as perfect). Objects are the connected pieces within a sample: in
    tiles they are cut at the edges; score a mapped scene for whole landslides.

    Args:
        iou_threshold: From this IoU on two objects are the same.
        least_pixels: Smaller objects are left out on both sides.
    """

    default_prefix = 'landslide'

    def __init__(
        self, *, iou_threshold: float = IOU_THRESHOLD, least_pixels: int = 9, **options: Any
    ) -> None:
        super().__init__(**options)
        self.iou_threshold = iou_threshold
        self.least_pixels = least_pixels

    def process(self, data_batch: dict[str, Any], data_samples: Sequence[dict[str, Any]]) -> None:
        """Count one batch."""
        for sample in data_samples:
            predicted = sample['pred_sem_seg']['data'][0].cpu().numpy()  # (H, W)
            rows, cols = predicted.shape
            # labels were padded for the batch, predictions were cut back
            truth = sample['gt_sem_seg']['data'][0, :rows, :cols].cpu().numpy()
            self.results.append(
                (
                    count_pixels(predicted, truth),
                    count_objects(
                        predicted,
                        truth,
                        iou_threshold=self.iou_threshold,
                        min_pixels=self.least_pixels,
                    ),
                )
            )

    def compute_metrics(self, results: list[tuple[Counts, ObjectCounts]]) -> dict[str, float]:
        """Scores of the pooled counts, 0 to 1."""
        pixels = sum((counts for counts, _ in results), Counts())
        objects = sum((counts for _, counts in results), ObjectCounts())
        return {**pixels.scores(), **objects.scores()}
