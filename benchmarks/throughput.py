"""What fusionls costs on top of the model: training and mapping beside bare PyTorch loops.

Training: the mmengine runner as ``fusionls.apis.train`` starts it, against forward, backward,
clip and step on the very batches that it prepared. Mapping: ``map_scene`` from the stack to the
finished file, against the forward pass on the very windows that it prepared. The two sides take
turns in one process; each pair gives one ratio, and the first pair is thrown away. Before
anything is timed, it is checked that both sides do the same work.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

import fusionls
from fusionls import apis
from fusionls.inference.model_predictor import LANDSLIDE, model_predictor, shared_modalities
from fusionls.inference.scene_predictor import map_scene
from fusionls.models.data_preprocessor import IGNORED_LABEL
from fusionls.registry import MODELS
from fusionls.simulation import simulate_valley
from fusionls.stack import LayerStack, build_stack

CONFIG = (
    Path(__file__).parents[1] / 'configs/gated/gated_resnet10t_optterinslid_1xb8_30e_valley_t128.py'
)
TRAINING_SEEDS, MAPPING_SEED = (1, 2), 3
WARM_UP = 1  # pairs thrown away: first calls allocate, choose algorithms and open files
AIMS = {'training': 1.05, 'mapping': 1.10}


@dataclass(frozen=True)
class Timing:
    """Seconds one side took: by the clock on the wall, and of this process's CPU time."""

    wall: float
    cpu: float


class Stopwatch:
    """Runs from its making."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> Timing:
        """Seconds gone."""
        return Timing(time.perf_counter() - self._wall, time.process_time() - self._cpu)


@dataclass
class Comparison:
    """Pairs of timings of the same work.

    Attributes:
        name: ``'training'`` or ``'mapping'``.
        unit: What is counted.
        pairs: Ours, bare and how many units both did; without the warm-up.
    """

    name: str
    unit: str
    pairs: list[tuple[Timing, Timing, int]] = field(default_factory=list)

    def ratio(self, clock: str) -> float:
        """Median over the pairs of ours through bare; ``clock`` is ``'cpu'`` or ``'wall'``."""
        ratios = [getattr(a, clock) / getattr(b, clock) for a, b, _ in self.pairs]
        return statistics.median(ratios)

    def seconds(self, side: int, clock: str) -> float:
        """Median seconds per unit of ours (side 0) or of the bare loop (side 1)."""
        return statistics.median(getattr(pair[side], clock) / pair[2] for pair in self.pairs)

    def rows(self) -> list[str]:
        """Rows of a Markdown table, one per clock."""
        aim = AIMS[self.name]
        rows = []
        for clock, label in (('cpu', 'CPU'), ('wall', 'wall')):
            ratios = sorted(getattr(a, clock) / getattr(b, clock) for a, b, _ in self.pairs)
            rows.append(
                f'| {self.name}, {label} s per {self.unit} | {self.seconds(0, clock):.4f} '
                f'| {self.seconds(1, clock):.4f} | {self.ratio(clock):.3f} '
                f'| {ratios[0]:.3f} to {ratios[-1]:.3f} | {len(ratios)} | {aim:.2f} |'
            )
        return rows


class EpochStart(Hook):
    """Before anything else of an epoch: keep the weights, start the stopwatch.

    Also keeps what the preprocessor hands to the model, by reference.
    """

    def before_train(self, runner: Runner) -> None:
        """Listen to the preprocessor."""
        runner.model.data_preprocessor.register_forward_hook(self._keep)

    def before_train_epoch(self, runner: Runner) -> None:
        """Start."""
        self.weights = copy.deepcopy(runner.model.state_dict())
        self.batches: list[dict[str, Any]] = []
        self.losses: list[Tensor] = []
        self.watch = Stopwatch()

    def _keep(self, module: nn.Module, given: Any, batch: dict[str, Any]) -> None:
        if not self.batches:  # here both sides stand before the first draw of dropout
            self.random_state = torch.get_rng_state()
        self.batches.append(batch)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Tensor] | None = None,
    ) -> None:
        """Keep the loss."""
        self.losses.append((outputs or {})['loss'].detach())


class BareTwin(Hook):
    """After everything else of an epoch: stop the watch, train a copy on the same batches.

    The copy starts from the weights and the random state that the runner's epoch started from.
    The bare loop has forward, loss, backward, clip and step: no loading, no preprocessing, no
    accuracy, no log, no schedule, no averaging of weights.
    """

    def before_train(self, runner: Runner) -> None:
        """Copy the model and make an optimiser of the same kind for it."""
        (self.start,) = (hook for hook in runner.hooks if isinstance(hook, EpochStart))
        self.model = copy.deepcopy(runner.model)
        settings = dict(runner.cfg.optim_wrapper.optimizer)
        self.optimizer = settings.pop('type')(self.model.parameters(), **settings)
        self.max_norm = runner.cfg.optim_wrapper.clip_grad.max_norm
        self.pairs: list[tuple[Timing, Timing, int]] = []

    def after_train_epoch(self, runner: Runner) -> None:
        """Take the pair of timings."""
        ours = self.start.watch.read()
        batches = [
            (batch['inputs'], torch.cat([s.gt_sem_seg.data for s in batch['data_samples']]))
            for batch in self.start.batches
        ]
        self.model.load_state_dict(self.start.weights)
        self.model.train()
        torch.set_rng_state(self.start.random_state)
        watch = Stopwatch()
        losses = bare_steps(self.model, self.optimizer, self.max_norm, batches)
        self.pairs.append((ours, watch.read(), len(batches)))
        expected, found = float(self.start.losses[0]), float(losses[0])
        if not np.isclose(expected, found, rtol=1e-5):
            raise RuntimeError(f'the runner had a first loss of {expected}, the bare loop {found}')


def bare_steps(
    model: Any,
    optimizer: torch.optim.Optimizer,
    max_norm: float,
    batches: Sequence[tuple[dict[str, tuple[Tensor, Tensor]], Tensor]],
) -> list[Tensor]:
    """Train on batches that are in memory; the loss of each step."""
    head = model.decode_head
    parameters = list(model.parameters())
    seen = []
    for inputs, labels in batches:
        logits = head(model.backbone(inputs))
        logits = F.interpolate(
            logits, labels.shape[1:], mode='bilinear', align_corners=head.align_corners
        )
        parts = [part(logits, labels, ignore_index=IGNORED_LABEL) for part in head.loss_decode]
        loss = torch.stack(parts).sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, max_norm)
        optimizer.step()
        seen.append(loss.detach())
    return seen


def compare_training(stacks: Sequence[Path], work: Path, *, pairs: int, step: int) -> Comparison:
    """Run the config's training for ``pairs`` epochs and as many of the bare loop.

    Args:
        stacks: Folders of the stacks to train on.
        work: Where the runner writes.
        pairs: Epochs that count.
        step: Distance between tiles, base pixels: smaller, longer epochs.
    """
    config = apis.load_config(
        CONFIG,
        {
            'work_dir': str(work / 'training'),
            'train_dataloader.dataset.stacks': [str(folder) for folder in stacks],
            'train_dataloader.dataset.step': step,
            'train_cfg.max_epochs': pairs + WARM_UP,
            'default_hooks.checkpoint.interval': pairs + WARM_UP,
        },
    )
    for side in ('val', 'test'):
        for part in ('dataloader', 'cfg', 'evaluator'):
            config[f'{side}_{part}'] = None
    config.custom_hooks += [
        dict(type=EpochStart, priority='HIGHEST'),
        dict(type=BareTwin, priority='LOWEST'),
    ]
    with (work / 'training.log').open('w') as log, contextlib.redirect_stdout(log):
        runner = apis.train(config)
    (twin,) = (hook for hook in runner.hooks if isinstance(hook, BareTwin))
    return Comparison('training', 'step', twin.pairs[WARM_UP:])


def compare_mapping(
    folder: Path, work: Path, *, pairs: int, window: int, overlap: int, batch_size: int
) -> Comparison:
    """Map a stack ``pairs`` times, and pass its windows through the model as often.

    Args:
        folder: The stack.
        work: Where the map is written.
        pairs: Runs that count.
        window: Side of a window, base pixels.
        overlap: Of neighbouring windows, base pixels.
        batch_size: Windows per forward pass.
    """
    stack = LayerStack.open(folder)
    model = MODELS.build(apis.load_config(CONFIG).model)
    model.data_preprocessor.fitted.fill_(1)  # raw values go in: the weights are random as well
    model.train(False)
    predict = model_predictor(model, stack)
    names = shared_modalities(model, stack)

    def run(by: Callable[..., Any]) -> Path:
        return map_scene(
            stack,
            by,
            work / 'probability.tif',
            window=window,
            overlap=overlap,
            batch_size=batch_size,
            modalities=names,
        )

    cached: list[dict[str, tuple[Tensor, Tensor]]] = []
    mapped: list[np.ndarray] = []

    def remembering(batch: Any) -> np.ndarray:
        mapped.append(predict(batch))
        return mapped[-1]

    listening = model.data_preprocessor.register_forward_hook(
        lambda module, given, batch: cached.append(batch['inputs'])
    )
    run(remembering)
    listening.remove()
    for inputs, probability in zip(cached, mapped, strict=True):
        with torch.no_grad():
            bare = bare_forward(model, inputs, (window, window)).softmax(1)[:, LANDSLIDE]
        if not np.allclose(bare.numpy(), probability, atol=1e-5):
            raise RuntimeError('the bare forward pass gives another map than model_predictor')
    windows = sum(map(len, mapped))
    mapped.clear()

    taken = []
    for _ in range(pairs + WARM_UP):
        watch = Stopwatch()
        run(predict)
        ours = watch.read()
        watch = Stopwatch()
        with torch.no_grad():
            for inputs in cached:
                bare_forward(model, inputs, (window, window))
        taken.append((ours, watch.read(), windows))
    return Comparison('mapping', 'window', taken[WARM_UP:])


def bare_forward(
    model: Any, inputs: dict[str, tuple[Tensor, Tensor]], size: tuple[int, int]
) -> Tensor:
    """Logits (N, classes, H, W) of windows that are in memory, normalised."""
    logits = model.decode_head(model.backbone(inputs))
    return F.interpolate(
        logits, size, mode='bilinear', align_corners=model.decode_head.align_corners
    )


def make_stack(folder: Path, seed: int, size: int) -> Path:
    """A simulated valley of ``size`` base pixels as a stack; made once per folder."""
    stack = folder / f'valley_{seed}_{size}'
    if not stack.exists():
        build_stack(simulate_valley(folder / f'raw_{seed}_{size}', seed=seed, size=size), stack)
    return stack


def heading() -> str:
    """Head of the results: machine, versions and the head of the table."""
    return '\n'.join(
        [
            f'{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, '
            f'{torch.get_num_threads()} torch thread(s); Python {platform.python_version()}, '
            f'torch {torch.__version__}, numpy {np.__version__}, fusionls {fusionls.__version__}; '
            f'{time.strftime("%Y-%m-%d")}',
            '',
            '| | fusionls | bare | ratio | lowest to highest | pairs | aim |',
            '|---|---|---|---|---|---|---|',
        ]
    )


def main() -> None:
    """Compare and print a table."""
    parser = argparse.ArgumentParser(
        description='Time training and mapping beside bare PyTorch loops on cached tensors.'
    )
    parser.add_argument('--only', choices=list(AIMS), help='one of the two')
    parser.add_argument('--pairs', type=int, default=7, help='turns of each side that count')
    parser.add_argument('--threads', type=int, default=1, help='torch threads')
    parser.add_argument('--data', type=Path, help='keep the simulated stacks here for the next run')
    parser.add_argument('--training-size', type=int, default=1024, help='base pixels per valley')
    parser.add_argument('--mapping-size', type=int, default=1536, help='base pixels per valley')
    parser.add_argument('--window', type=int, default=512, help='window side, base pixels')
    parser.add_argument('--overlap', type=int, default=128, help='overlap of windows, base pixels')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    comparisons = []
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        data = args.data or work
        if args.only != 'mapping':
            stacks = [make_stack(data, seed, args.training_size) for seed in TRAINING_SEEDS]
            comparisons.append(compare_training(stacks, work, pairs=args.pairs, step=128))
        if args.only != 'training':
            stack = make_stack(data, MAPPING_SEED, args.mapping_size)
            comparisons.append(
                compare_mapping(
                    stack,
                    work,
                    pairs=args.pairs,
                    window=args.window,
                    overlap=args.overlap,
                    batch_size=4,
                )
            )
    print(heading())
    for comparison in comparisons:
        print('\n'.join(comparison.rows()))


if __name__ == '__main__':
    main()
