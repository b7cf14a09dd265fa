"""Can a model learn four tiles by heart? One that cannot has a fault, or the wrong settings.

Flow: a config -> [here] -> benchmarks/zoo/overfit.py, or a check of a plug-in of your own.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper

from fusionls.testing.config_parts import (
    batch_of,
    ready_model,
    scores_of,
    task_of,
    tiles_to_learn,
)

TILES = 4
MOST_SIDE = 128
"""Larger tiles are not needed to tell, and cost."""


@dataclass(frozen=True)
class Overfitting:
    """What came of it.

    Attributes:
        task: See ``config_parts.Task``.
        score_name: Name of the score.
        bar: What it must be above; or at, where that is 1.
        passed: Whether it was.
        score: After the last step.
        best: The best of all that were taken.
        steps: Steps taken.
        side: Of the tiles, base pixels.
        lr: Learning rate, the same at every step.
        optimizer: Its name.
        cpu_minutes: Of this process.
        stopped: Why it ended before the last step, if it did not pass.
    """

    task: str
    score_name: str
    bar: float
    passed: bool
    score: float
    best: float
    steps: int
    side: int
    lr: float
    optimizer: str
    cpu_minutes: float
    stopped: str = ''


def overfitting(
    config: Config,
    *,
    most_steps: int = 300,
    most_minutes: float = math.inf,
    every: int = 10,
    lr: float | None = None,
    seed: int = 0,
) -> Overfitting:
    """Train the model of a config on four of its training tiles until it knows them by heart.

    Every step shows all four, without augmentation; it is scored on the same tiles, in evaluation
    mode, by the metric the config is tested with. Optimiser and clipping of gradients are the
    config's, without its schedule.

    Args:
        config: From ``load_config``; stays as it is.
        most_steps: Gives up after so many.
        most_minutes: Gives up after so many CPU minutes.
        every: Scores every so many steps.
        lr: Constant learning rate; the config's by default.
        seed: Of weights and dropout.

    Raises:
        InputError: The config is not tested, or its data set has too few tiles with both classes.
        FileMissingError: Its data set is not there.
    """
    task = task_of(config)
    dataset = tiles_to_learn(config, TILES, MOST_SIDE)
    settings = copy.deepcopy(config.optim_wrapper)
    if lr is not None:
        settings.optimizer.lr = lr
    torch.manual_seed(seed)
    started = time.process_time()
    model = ready_model(config, dataset)
    wrapper = build_optim_wrapper(model, settings)
    scores, steps, stopped = [0.0], 0, ''
    while not task.is_learned(scores[-1]) and steps < most_steps and not stopped:
        model.train(True)
        loss = model.train_step(batch_of(dataset), wrapper)['loss']
        steps += 1
        if not bool(torch.isfinite(loss)):
            stopped = f'the loss is {float(loss.detach())}'
            scores.append(0.0)
            break
        if time.process_time() - started > 60 * most_minutes:
            stopped = f'{most_minutes:g} CPU minutes are over'
        if steps % every == 0 or steps == most_steps or stopped:
            score = scores_of(model, config, dataset)[task.score]
            scores.append(0.0 if math.isnan(score) else score)
    return Overfitting(
        task=task.name,
        score_name=task.score,
        bar=task.bar,
        passed=task.is_learned(scores[-1]),
        score=round(scores[-1], 4),
        best=round(max(scores), 4),
        steps=steps,
        side=dataset.tile,
        lr=float(settings.optimizer.lr),
        optimizer=type(wrapper.optimizer).__name__,
        cpu_minutes=round((time.process_time() - started) / 60, 2),
        stopped=stopped,
    )
