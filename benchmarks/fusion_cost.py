"""What each fusion operator costs, and what a further modality costs: FLOPs, time, memory.

One fused backbone (EfficientNet-Lite0 per branch) at equal widths, only the operator differs. Times
are CPU seconds of this process, taken in turns (A B C A B C ...), one number per round; the median
of each is set against that of concatenation. Memory is the peak of a process of its own.

Run: OMP_NUM_THREADS=1 python benchmarks/fusion_cost.py [--side 256] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from fusionls.evaluation.records import memory_mb
from fusionls.models import fusion as operators
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.testing import registered_fusions

LITE = dict(type=TimmEncoder, name='tf_efficientnet_lite0')
SETS = {
    '2: optical, terrain': dict(optical=(4, 1), terrain=(2, 1)),
    '2: optical, InSAR x 8': dict(optical=(4, 1), insar=(2, 8)),
    '3: optical, terrain, InSAR x 8': dict(optical=(4, 1), terrain=(2, 1), insar=(2, 8)),
    '4: optical, terrain, InSAR x 8, thermal x 4': dict(
        optical=(4, 1), terrain=(2, 1), insar=(2, 8), thermal=(1, 4)
    ),
}
"""Modalities by name: layers and factor."""
COMPARED = ('ConcatFusion', 'CompensatingFusion', 'CmxFusion')
LEVELS = {1: [0, 1, 2, 3, 4], 4: [0, 1, 2], 8: [0, 1]}
"""Levels of a branch by factor: those whose strides the finest branch has."""


def backbone(operator: str, modalities: dict[str, tuple[int, int]]) -> MultiBranchEncoder:
    """The fused backbone with an operator."""
    torch.manual_seed(0)
    return MultiBranchEncoder(
        branches={
            name: dict(encoder=dict(LITE, levels=LEVELS[factor]), channels=channels, factor=factor)
            for name, (channels, factor) in modalities.items()
        },
        fusion=dict(type=getattr(operators, operator)),
    )


def inputs(modalities: dict[str, tuple[int, int]], side: int, count: int = 1) -> dict:
    """Random values, valid everywhere."""
    return {
        name: (
            torch.randn(count, channels, side // factor, side // factor),
            torch.ones(count, 1, side // factor, side // factor, dtype=torch.bool),
        )
        for name, (channels, factor) in modalities.items()
    }


def forward(model: MultiBranchEncoder, given: dict) -> None:
    """One pass without gradients."""
    model.train(False)
    with torch.no_grad():
        model(given)


def step(model: MultiBranchEncoder, given: dict) -> None:
    """One pass with gradients, forward and backward."""
    model.train(True)
    model.zero_grad(set_to_none=True)
    sum(level.square().mean() for level in model(given)).backward()


def times(
    models: dict[str, MultiBranchEncoder], given: dict[str, dict], run: Callable, rounds: int
) -> dict[str, float]:
    """Median CPU milliseconds of each model, measured in turns."""
    found: dict[str, list[float]] = {name: [] for name in models}
    for number in range(rounds + 1):  # the first round warms up
        for name, model in models.items():
            start = time.process_time()
            run(model, given[name])
            if number:
                found[name].append(time.process_time() - start)
    return {name: 1000 * statistics.median(values) for name, values in found.items()}


def flops(model: MultiBranchEncoder, given: dict) -> float:
    """FLOPs (two per multiply-add) of a forward pass."""
    with FlopCounterMode(display=False) as counter:
        forward(model, given)
    return counter.get_total_flops()


def peak_mb(operator: str, side: int) -> float:
    """Peak memory of a process that takes one training step, less that of one that only imports."""
    peaks = []
    for what in ('nothing', operator):
        command = [sys.executable, __file__, '--child', what, '--side', str(side)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        peaks.append(float(out.split()[-1]))
    return peaks[1] - peaks[0]


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--side', type=int, default=256, help='base pixels')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--child', help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    three = SETS['3: optical, terrain, InSAR x 8']
    if args.child:
        if args.child != 'nothing':
            step(backbone(args.child, three), inputs(three, args.side, 4))
        print(memory_mb()[1])
        return
    # side by side is no fusion yet, and its head is not measured here
    names = [name for name in registered_fusions() if name != 'SideBySideFusion']
    models = {name: backbone(name, three) for name in names}
    given = inputs(three, args.side)
    same = dict.fromkeys(names, given)
    passes = times(models, same, forward, args.rounds)
    steps = times(models, same, step, args.rounds)
    alone = flops(backbone('SumFusion', three), given)
    print(f'Three modalities at {args.side} pixels; ratios to ConcatFusion.\n')
    print(
        '| operator | parameters | GFLOPs | forward ms | ratio | step ms | ratio | peak MB |\n'
        '|---|---:|---:|---:|---:|---:|---:|---:|'
    )
    for name in names:
        size = sum(p.numel() for p in models[name].fusions.parameters())
        print(
            f'| {name} | {size / 1e6:.2f} M | {flops(models[name], given) / 1e9:.2f} | '
            f'{passes[name]:.0f} | {passes[name] / passes["ConcatFusion"]:.2f} | '
            f'{steps[name]:.0f} | {steps[name] / steps["ConcatFusion"]:.2f} | '
            f'{peak_mb(name, args.side):.0f} |'
        )
    print(f'\nThe branches and sums alone take {alone / 1e9:.2f} GFLOPs.\n')
    print('| modalities | operator | forward ms | to concat | step ms | to concat |')
    print('|---|---|---:|---:|---:|---:|')
    pairs = {(m, name): backbone(name, SETS[m]) for m in SETS for name in COMPARED}
    given_each = {(m, name): inputs(SETS[m], args.side) for m, name in pairs}
    passes = times(pairs, given_each, forward, args.rounds)  # type: ignore[arg-type]
    steps = times(pairs, given_each, step, args.rounds)  # type: ignore[arg-type]
    for m, name in pairs:
        base = (m, 'ConcatFusion')
        print(
            f'| {m} | {name} | {passes[m, name]:.0f} | {passes[m, name] / passes[base]:.2f} | '
            f'{steps[m, name]:.0f} | {steps[m, name] / steps[base]:.2f} |'
        )
    print('\n| added to optical and terrain | operator | forward | step |\n|---|---|---:|---:|')
    two, three_name, four = ('2: optical, terrain', '3: optical, terrain, InSAR x 8',
                             '4: optical, terrain, InSAR x 8, thermal x 4')  # fmt: skip
    for name in COMPARED:
        for before, after, what in (
            (two, three_name, 'InSAR x 8'),
            (three_name, four, 'thermal x 4'),
        ):
            gained = [t[after, name] / t[before, name] - 1 for t in (passes, steps)]
            print(f'| {what} | {name} | {gained[0]:+.1%} | {gained[1]:+.1%} |')


if __name__ == '__main__':
    main()
