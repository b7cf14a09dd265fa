"""Scores of whole tiles, with a landslide or without, in the mmengine loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fusionls.evaluation.functional.curves import count_by_probability
from fusionls.evaluation.functional.map_sums import MapSums
from fusionls.evaluation.metrics.landslide_metric import LANDSLIDE
from fusionls.evaluation.metrics.streaming import StreamingMetric
from fusionls.evaluation.tally import Tally
from fusionls.registry import METRICS


@METRICS.register_module()
class TileClassMetric(StreamingMetric):
    """Accuracy, precision, recall, F1 and ROC AUC of tiles: ``landslide/tile_accuracy``, ...

    Tiles of which no pixel is labelled do not count. Scores that are undefined (no landslide tile
    is there, or none predicted) are NaN.

    Args:
        **options: Those of :class:`StreamingMetric`; ``threshold`` is that of a tile.
    """

    def tally(self, sample: Mapping[str, Any], inputs: Mapping[str, Any]) -> Tally:
        """Count one tile by what mmpretrain leaves in a sample."""
        truth = int(sample['gt_label'])
        if truth < 0:
            return Tally()
        probability = float(sample['pred_score'][LANDSLIDE])
        return Tally.of_tile(self.block_of(sample), MapSums(self._sums(truth, probability), {}))

    def _sums(self, truth: int, probability: float) -> dict[str, Any]:
        predicted = probability >= self.rules.threshold
        of_landslide = truth == LANDSLIDE
        cells = [predicted and of_landslide, predicted and not of_landslide]  # tp, fp
        cells += [not predicted and of_landslide, not predicted and not of_landslide]  # fn, tn
        one = np.array([probability])
        curve = count_by_probability(one, np.array([of_landslide]), np.ones(1, bool))
        return {'tiles': np.array(cells, np.float64), 'tile_curve': curve.astype(np.float64)}
