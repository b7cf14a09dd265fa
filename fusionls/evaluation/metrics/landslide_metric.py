"""Landslide metrics of probability maps in the mmengine loop, from pixels to inventories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionls.evaluation.functional.calibration import tempered
from fusionls.evaluation.functional.map_sums import map_sums
from fusionls.evaluation.functional.strata import presence_strata, slope_strata
from fusionls.evaluation.metrics.streaming import (
    StreamingMetric,
    on_base,
    pixel_area,
    valid_masks,
)
from fusionls.evaluation.tally import Tally
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.registry import METRICS

LANDSLIDE = 1
"""Class index of landslides."""
SLOPES = ('terrain_slope', 'lidar_slope')


@METRICS.register_module()
class LandslideMetric(StreamingMetric):
    """Every score of a probability map, each of a stated kind; see ``functional.scores``.

    Scores without a prefix (``f1``, ``iou``, ...) are pooled over all valid pixels of all tiles;
    ``macro_``, ``per_image_``, ``object_``, ... say what they are. Objects are the connected
    pieces within a tile: they are cut at its edges; score a mapped scene for whole landslides.

    Samples without ``seg_logits`` are taken by ``pred_sem_seg``; they have no curve and no
    calibration.

    Args:
        temperature: Log-odds are divided by it first; fit it on validation tiles.
        **options: Those of :class:`StreamingMetric`.
    """

    def __init__(self, *, temperature: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.temperature = temperature

    def tally(self, sample: Mapping[str, Any], inputs: Mapping[str, Any]) -> Tally:
        """Count one tile; labels were padded for the batch, predictions were cut back."""
        rows, cols = sample['pred_sem_seg']['data'].shape[-2:]
        truth = sample['gt_sem_seg']['data'][0, :rows, :cols].cpu().numpy()
        probability = landslide_probability(sample, self.temperature)
        predicted = None
        if probability is None:
            predicted = sample['pred_sem_seg']['data'][0].cpu().numpy()
        counted = map_sums(
            truth,
            probability=probability,
            predicted=predicted,
            rules=self.rules,
            pixel_area=pixel_area(sample),
            strata=self._strata(inputs, (rows, cols)),
        )
        return Tally.of_tile(self.block_of(sample), counted)

    def _strata(
        self, inputs: Mapping[str, Any], shape: tuple[int, int]
    ) -> Iterator[tuple[str, BoolArray]]:
        """Pixels by the modalities that see them, and by slope where the model reads a slope."""
        valid = valid_masks(inputs, shape)
        yield from presence_strata(valid)
        slope = self._slope(inputs, shape)
        if slope is not None:
            modality, degrees = slope
            yield from slope_strata(degrees, valid[modality])

    def _slope(
        self, inputs: Mapping[str, Any], shape: tuple[int, int]
    ) -> tuple[str, NDArray[np.floating]] | None:
        """Modality and (H, W) degrees of the first slope layer that was shown."""
        layers: Mapping[str, Sequence[str]] = (self.dataset_meta or {}).get('layers', {})
        for slope in SLOPES:
            for modality, names in layers.items():
                if slope in names and modality in inputs:
                    values = inputs[modality][0][list(names).index(slope)]
                    return modality, on_base(values.cpu().numpy(), shape)
        return None


def landslide_probability(sample: Mapping[str, Any], temperature: float = 1.0) -> FloatArray | None:
    """(H, W) probability from what mmseg leaves in a sample; None where it left labels only.

    mmseg keeps logits of two or more classes as they are, and of one class after its sigmoid.
    """
    if 'seg_logits' not in sample:
        return None
    logits = sample['seg_logits']['data'].float()
    if logits.shape[0] > 1:
        probability: FloatArray = (logits / temperature).softmax(0)[LANDSLIDE].cpu().numpy()
        return probability
    single = logits[0].cpu().numpy()
    return single if temperature == 1 else np.asarray(tempered(single, temperature))
