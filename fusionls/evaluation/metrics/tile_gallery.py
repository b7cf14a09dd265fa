"""The tiles a model does best and worst on, kept with all they were predicted from."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dist import get_dist_info
from mmengine.evaluator import BaseMetric

from fusionls.evaluation.functional.confusion import Counts, count_pixels
from fusionls.evaluation.metrics.landslide_box_metric import box_labels, filled_boxes
from fusionls.evaluation.metrics.landslide_instance_metric import instance_labels
from fusionls.evaluation.metrics.landslide_metric import landslide_probability
from fusionls.evaluation.shown_tile import ShownTile
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.registry import METRICS

MIN_PIXELS = 50
"""Tiles with fewer landslide pixels, true and predicted together, make no telling picture."""


@METRICS.register_module()
class TileGallery(BaseMetric):
    """Keeps the tiles of highest and of lowest F1; has no score.

    Args:
        count: Tiles of each; memory holds twice as many and no more.
        threshold: A pixel is predicted a landslide from this probability (or score) on.
        temperature: As in ``LandslideMetric``.
    """

    default_prefix = 'tiles'  # of no score; mmengine warns without one

    def __init__(
        self, *, count: int = 3, threshold: float = 0.5, temperature: float = 1.0, **options: Any
    ) -> None:
        super().__init__(**options)
        self.results: list[ShownTile] = []
        self.count = count
        self.threshold = threshold
        self.temperature = temperature
        self.best: list[ShownTile] = []
        """The best first, on the main process after an evaluation."""
        self.worst: list[ShownTile] = []
        """The worst first; none that stands among the best."""
        self.layers: Mapping[str, Sequence[str]] = {}
        """Layer names by modality, in the order of the channels."""

    def process(self, data_batch: dict[str, Any], data_samples: Sequence[dict[str, Any]]) -> None:
        """Look at one batch."""
        shown = data_batch.get('inputs', [{}] * len(data_samples))
        tiles = [
            tile
            for sample, inputs in zip(data_samples, shown, strict=True)
            if (tile := self._tile(sample, inputs)) is not None
        ]
        self.results = self._extremes([*self.results, *tiles])

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the tiles of all processes."""
        _, processes = get_dist_info()
        found: dict[str, float] = super().evaluate(max(size, 2 * self.count * processes))
        return found

    def compute_metrics(self, results: list[ShownTile]) -> dict[str, float]:
        """Sort what was kept; there is no score."""
        self.layers = (self.dataset_meta or {}).get('layers', {})
        apart = {tile.name: tile for tile in results}  # the sampler may have repeated some
        ranked = sorted(apart.values(), reverse=True)
        self.best = ranked[: self.count]
        self.worst = ranked[self.count :][::-1][: self.count]
        return {}

    def _extremes(self, tiles: list[ShownTile]) -> list[ShownTile]:
        best = heapq.nlargest(self.count, tiles)
        names = {tile.name for tile in best}
        rest = [tile for tile in tiles if tile.name not in names]
        return best + heapq.nsmallest(self.count, rest)

    def _tile(self, sample: Mapping[str, Any], inputs: Mapping[str, Any]) -> ShownTile | None:
        """The tile with its maps; None where it shows too little of landslides."""
        if 'pred_score' in sample:  # a class of the whole tile is no map
            return None
        if 'masks' in sample.get('pred_instances', ()):
            truth = instance_labels(sample)
            probability = _surest(sample, sample['pred_instances']['masks'].cpu().numpy())
        elif 'pred_instances' in sample:
            truth = box_labels(sample)
            probability = _surest(sample, filled_boxes(sample, 'pred_instances'))
        else:
            rows, cols = sample['pred_sem_seg']['data'].shape[-2:]
            truth = sample['gt_sem_seg']['data'][0, :rows, :cols].cpu().numpy().astype(np.uint8)
            given = landslide_probability(sample, self.temperature)
            labels = sample['pred_sem_seg']['data'][0].cpu().numpy()
            probability = labels.astype(np.float32) if given is None else given
        predicted = probability >= self.threshold
        counts: Counts = count_pixels(predicted, truth)
        if counts.tp + counts.fp + counts.fn < MIN_PIXELS:
            return None
        row, col = sample.get('window', (0, 0))[:2]
        return ShownTile(
            f1=counts.f1,
            name=f'{sample.get("scene", "tile")}, row {row}, col {col}',
            truth=truth,
            probability=probability,
            predicted=predicted,
            inputs={
                modality: (values.cpu().numpy().copy(), valid[0].cpu().numpy().copy())
                for modality, (values, valid) in inputs.items()
            },
        )


def _surest(sample: Mapping[str, Any], masks: BoolArray) -> FloatArray:
    """(H, W) score of the surest instance over each pixel, 0 where there is none."""
    scores = sample['pred_instances']['scores'].cpu().numpy()
    surest = np.zeros(tuple(sample['ori_shape']), np.float32)
    for mask, score in zip(masks, scores, strict=True):
        surest[mask] = np.maximum(surest[mask], score)
    return surest
