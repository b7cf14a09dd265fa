"""What the screen of a two-stage pipeline lost and saved, in the mmengine loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

import numpy as np

from fusionls.datasets.tile_class import LEAST_SHARE, tile_class
from fusionls.evaluation.functional.map_sums import MapSums
from fusionls.evaluation.functional.screening import ScreenCounts
from fusionls.evaluation.metrics.landslide_metric import LANDSLIDE
from fusionls.evaluation.metrics.streaming import StreamingMetric
from fusionls.evaluation.tally import Tally
from fusionls.registry import METRICS


@METRICS.register_module()
class ScreeningMetric(StreamingMetric):
    """``landslide/screen_rejected``, ``_recall``, ``_pixel_recall`` and ``_cost_saved``.

    The map itself is scored beside it, by :class:`LandslideMetric`.

    Args:
        least_share: A tile is a landslide tile from this share of its labelled pixels on.
        **options: Those of :class:`StreamingMetric`.
    """

    def __init__(self, *, least_share: float = LEAST_SHARE, **options: Any) -> None:
        super().__init__(**options)
        self.least_share = least_share

    def tally(self, sample: Mapping[str, Any], inputs: Mapping[str, Any]) -> Tally:
        """Count one tile by what ``ScreenedSegmentor`` leaves in its metainfo."""
        told = sample['screen']
        rows, cols = sample['ori_shape']
        labels = sample['gt_sem_seg']['data'][0, :rows, :cols].cpu().numpy()
        kept = int(told['kept'])
        landslide = int(tile_class(labels, self.least_share) == LANDSLIDE)
        pixels = int(np.count_nonzero(labels == LANDSLIDE))
        counts = ScreenCounts(
            tiles=1,
            kept=kept,
            landslide=landslide,
            landslide_kept=landslide * kept,
            pixels=pixels,
            pixels_kept=pixels * kept,
            screen_cost=told['screen_cost'],
            map_cost=told['map_cost'],
            map_cost_kept=told['map_cost'] * kept,
        )
        sums = {'screen': np.array(astuple(counts), np.float64)}
        return Tally.of_tile(self.block_of(sample), MapSums(sums, {}))
