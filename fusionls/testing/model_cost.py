"""What a model weighs and costs: parameters, FLOPs, time and memory of one tile.

Flow: a config -> [here] -> tools/model_zoo.py. Needs no data: tiles are made up of the layers
that the config reads, and weights are those a training would start from.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torchvision.ops  # noqa: F401  (its operators are counted by name below)
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from fusionls.evaluation.records import memory_mb
from fusionls.testing.config_parts import batch_of, made_up_tiles, ready_model, task_of


@dataclass(frozen=True)
class ModelCost:
    """Of one model.

    Attributes:
        task: See ``config_parts.Task``.
        modalities: What it reads.
        side: Of the tile, base pixels.
        parameters: All of them.
        trainable: Those that training moves.
        gflops: Of a prediction of one tile, preprocessor to result; two per multiply-add, of
            convolutions (deformable ones too), matrix products and attention.
        latency_ms: CPU time of a prediction of one tile; the median of several.
        runs: How many.
        threads: Of torch.
        predict_mb: Most memory while predicting one tile, less that before the model was built;
            of a model that is fitted in one go that of its fit to two tiles, too.
        step_mb: The same in a training step of two tiles; 0 where nothing is trained by steps.
    """

    task: str
    modalities: tuple[str, ...]
    side: int
    parameters: int
    trainable: int
    gflops: float
    latency_ms: float
    runs: int
    threads: int
    predict_mb: float
    step_mb: float


def model_cost(config: Config, *, side: int = 256, runs: int = 5) -> ModelCost:
    """Measure the model of a config.

    Memory is right in a process that did nothing heavier before.

    Args:
        config: From ``load_config``; stays as it is.
        side: Of the tile, base pixels.
        runs: Predictions that are timed, after two that are not.

    Raises:
        InputError: The config is not tested (it only pre-trains).
    """
    task = task_of(config)
    torch.manual_seed(0)
    before, _ = memory_mb()
    dataset = made_up_tiles(config, side, 2)
    model = ready_model(config, dataset)
    counts = [(p.numel(), p.requires_grad) for p in model.parameters()]
    trainable = sum(number for number, moved in counts if moved)
    if not trainable:  # what is fitted in one go answers sooner before that
        model.train_step(batch_of(dataset), None)
    _predict(model, batch_of(dataset, [0]))  # some models take their own measure at first
    with _frozen(model), FlopCounterMode(display=False, custom_mapping=UNCOUNTED) as counter:
        _predict(model, batch_of(dataset, [0]))
    times = [_predict(model, batch_of(dataset, [0])) for _ in range(runs)]
    predict_mb = memory_mb()[1] - before
    if trainable:
        model.train(True)
        model.train_step(batch_of(dataset), build_optim_wrapper(model, config.optim_wrapper))
    return ModelCost(
        task=task.name,
        modalities=tuple(config.layers),
        side=side,
        parameters=sum(number for number, _ in counts),
        trainable=trainable,
        gflops=round(counter.get_total_flops() / 1e9, 3),
        latency_ms=round(1000 * statistics.median(times), 1),
        runs=runs,
        threads=torch.get_num_threads(),
        predict_mb=round(predict_mb),
        step_mb=round(memory_mb()[1] - before) if trainable else 0,
    )


@contextmanager
def _frozen(model: torch.nn.Module) -> Iterator[None]:
    """Without gradients: torch's counter stumbles over parts of a parameter that could have one."""
    moved = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in moved:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in moved:
            parameter.requires_grad_(True)


def _predict(model: Any, batch: dict[str, Any]) -> float:
    """CPU seconds of a prediction."""
    model.train(False)
    start = time.process_time()
    with torch.no_grad():
        model.test_step(batch)
    return time.process_time() - start


def _deformable_flops(
    inputs: Sequence[int], weight: Sequence[int], *_: Any, out_shape: Sequence[int], **__: Any
) -> int:
    """FLOPs of a deformable convolution: those of a plain one; its sampling is left out."""
    return 2 * math.prod(out_shape) * math.prod(weight[1:])


def _attention_flops(
    query: Sequence[int], key: Sequence[int], value: Sequence[int], *_: Any, **__: Any
) -> int:
    """FLOPs of the attention of torch on a CPU, which its counter does not know."""
    return int(sdpa_flop_count(query, key, value))


UNCOUNTED = {
    torch.ops.torchvision.deform_conv2d: _deformable_flops,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention_flops,
}
"""Operators that torch's counter passes by, with what counts them."""
