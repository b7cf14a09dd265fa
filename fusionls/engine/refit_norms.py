"""The running statistics of batch norms are measured anew when training ends.

Source: Wu and Johnson 2021, "Rethinking Batch in BatchNorm", sec. 3 (precise statistics of the
final weights); the same is done for averaged weights by Izmailov et al. 2018, "Averaging Weights",
sec. 3.2.
Differs: through the training loss, so that norms of necks and heads are measured too.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner
from torch.nn.modules.batchnorm import _BatchNorm

from fusionls.engine.hooks import unwrapped_model
from fusionls.registry import HOOKS


@HOOKS.register_module()
class RefitNorms(Hook):
    """Measure the statistics that batch norms use in testing, with the weights that are tested.

    They follow training at a rate of a tenth a step, averaged weights at a hundredth: after a few
    hundred steps both are still on the way, and a deep network without pretrained weights that has
    learned its tiles can predict nothing at all. At the end of the last epoch they are
    replaced by the mean over some batches of training tiles, of the averaged weights where
    an ``EMAHook`` keeps some. Norms that do not train stay as they are.

    Args:
        batches: Batches at most; those of one epoch if it has fewer.
    """

    priority = 'LOW'  # after the weights were averaged, before the checkpoint is written

    def __init__(self, *, batches: int = 50) -> None:
        self.batches = batches

    def after_train_epoch(self, runner: Runner) -> None:
        """Measure, if this was the last epoch."""
        if not self.is_last_train_epoch(runner):
            return
        trained = unwrapped_model(runner)
        averages = [h.ema_model.module for h in runner.hooks if isinstance(h, EMAHook)]
        batches = list(itertools.islice(runner.train_dataloader, self.batches))
        for model in averages or [trained]:
            # the averaged copy may have been left in any mode
            for copy, original in zip(model.modules(), trained.modules(), strict=True):
                copy.training = original.training
            refit_norms(model, batches)


def refit_norms(model: Any, batches: list[dict[str, Any]]) -> None:
    """Replace the running statistics of the norms that train by means over some batches.

    Args:
        model: In the mode of training; takes batches as mmengine's models do.
        batches: What the loader yields.
    """
    norms = [
        module
        for module in model.modules()
        if isinstance(module, _BatchNorm) and module.training and module.track_running_stats
    ]
    if not norms:
        return
    rates = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch: the mean over all batches
    try:
        with torch.no_grad():
            for batch in batches:
                model(**model.data_preprocessor(batch, True), mode='loss')
    finally:
        for norm, rate in zip(norms, rates, strict=True):
            norm.momentum = rate
