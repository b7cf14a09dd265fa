"""Test a model under every pattern of missing data: a test loop of the mmengine runner.

Flow: a trained model and the test tiles -> [here] -> scores per pattern, evaluation.missing_table.
The same pixels count under every pattern: those that any modality sees when all are shown. A tile
of which a pattern leaves nothing to see is mapped as background, as a mapper would have to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.runner import TestLoop
from mmengine.structures import PixelData

from fusionls.datasets.missing_patterns import (
    HOLE_SHARES,
    NOISE_LEVELS,
    MissingPattern,
    missing_patterns,
)
from fusionls.datasets.tile_dataset import tile_dataset
from fusionls.datasets.transforms import FixLabels
from fusionls.errors import InputError
from fusionls.registry import LOOPS, TRANSFORMS


@LOOPS.register_module()
class MissingDataLoop(TestLoop):
    """Run the test once per pattern.

    Args:
        hole_shares: Shares of pixels that are missing at random.
        noise_levels: Deviations of noise.
        only: Names of the patterns to run; all by default.

    Returns:
        (run) ``{pattern name/metric: score}``; ``results`` holds them by pattern.

    Raises:
        InputError: (run) ``only`` names no pattern; or the loader keeps its workers, which would
            go on with the first pattern.
    """

    def __init__(
        self,
        runner: Any,
        dataloader: Any,
        evaluator: Any,
        fp16: bool = False,
        *,
        hole_shares: Sequence[float] = HOLE_SHARES,
        noise_levels: Sequence[float] = NOISE_LEVELS,
        only: Sequence[str] | None = None,
    ) -> None:
        super().__init__(runner, dataloader, evaluator, fp16)
        self.hole_shares = tuple(hole_shares)
        self.noise_levels = tuple(noise_levels)
        self.only = only
        self.results: dict[str, dict[str, float]] = {}
        self.patterns: list[MissingPattern] = []

    def run(self) -> dict[str, float]:
        """Test under every pattern; see the class."""
        dataset = tile_dataset(self.dataloader.dataset)
        if getattr(self.dataloader, 'persistent_workers', False):
            raise InputError(
                'test_dataloader.persistent_workers=True keeps workers that read the first pattern '
                'only; set it to False'
            )
        self.patterns = self._wanted(list(dataset.layers))
        deviations = self._deviations()
        own = list(dataset.pipeline.transforms)
        try:
            for pattern in self.patterns:
                hidden = [dict(type=FixLabels), *pattern.transforms(deviations)]
                built = [TRANSFORMS.build(config) for config in hidden]
                dataset.pipeline.transforms = [*own[:-1], *built, own[-1]]
                self.results[pattern.name] = dict(super().run())
        finally:
            dataset.pipeline.transforms = own
        return {
            f'{name}/{metric}': score
            for name, scores in self.results.items()
            for metric, score in scores.items()
        }

    def run_iter(self, idx: int, data_batch: dict[str, Any]) -> None:
        """Predict one batch; samples without any modality are background."""
        self.runner.call_hook('before_test_iter', batch_idx=idx, data_batch=data_batch)
        inputs, samples = data_batch['inputs'], data_batch['data_samples']
        shown = [bool(given) for given in inputs]
        outputs = []
        if any(shown):
            batch = {
                'inputs': [given for given, yes in zip(inputs, shown, strict=True) if yes],
                'data_samples': [s for s, yes in zip(samples, shown, strict=True) if yes],
            }
            with torch.no_grad():
                outputs = list(self.runner.model.test_step(batch))
        predicted = iter(outputs)
        outputs = [
            next(predicted) if yes else _background(sample)
            for yes, sample in zip(shown, samples, strict=True)
        ]
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        self.runner.call_hook(
            'after_test_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs
        )

    def _wanted(self, modalities: list[str]) -> list[MissingPattern]:
        patterns = missing_patterns(
            modalities, hole_shares=self.hole_shares, noise_levels=self.noise_levels
        )
        if self.only is None:
            return patterns
        names = [pattern.name for pattern in patterns]
        unknown = sorted(set(self.only) - set(names))
        if unknown:
            raise InputError(f'no pattern {", ".join(map(repr, unknown))}; have {", ".join(names)}')
        return [pattern for pattern in patterns if pattern.name in self.only]

    def _deviations(self) -> dict[str, float]:
        """Deviation of every layer that the model reads, as it was fitted in training."""
        model = getattr(self.runner.model, 'module', self.runner.model)
        preprocessor = model.data_preprocessor
        return {
            layer: float(deviation)
            for modality, layers in preprocessor.layers.items()
            for layer, deviation in zip(
                layers, preprocessor.get_buffer(f'deviation_{modality}'), strict=True
            )
        }


def _background(sample: Any) -> Any:
    """A sample nothing of which is shown, predicted as background for certain."""
    if 'gt_sem_seg' not in sample or 'gt_instances' in sample:
        raise InputError(
            'a tile has no modality under this pattern, and only semantic maps have a background '
            'to predict there; leave such tiles out'
        )
    shape = sample.gt_sem_seg.data.shape[-2:]
    logits = torch.tensor([30.0, -30.0])[:, None, None].expand(2, *shape)
    sample.seg_logits = PixelData(data=logits.clone())
    sample.pred_sem_seg = PixelData(data=torch.zeros((1, *shape), dtype=torch.int64))
    return sample
