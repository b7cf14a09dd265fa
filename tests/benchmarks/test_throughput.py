"""The speed comparison on the smallest valleys: that both sides run, never how fast they are."""

from __future__ import annotations

import math
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / 'benchmarks'


@pytest.fixture
def throughput(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import throughput

    return throughput


def test_ratio_is_the_median_over_pairs_and_not_the_ratio_of_medians(
    throughput: ModuleType,
) -> None:
    timing = throughput.Timing
    seconds = [(2.0, 1.0), (30.0, 10.0), (8.0, 8.0)]
    comparison = throughput.Comparison(
        'mapping', 'window', [(timing(0.5, a), timing(1.0, b), 4) for a, b in seconds]
    )
    assert comparison.ratio('cpu') == 2.0
    assert comparison.ratio('wall') == 0.5
    assert comparison.seconds(0, 'cpu') == 2.0
    assert comparison.seconds(1, 'cpu') == 2.0
    assert '| 2.000 | 1.000 to 3.000 | 3 | 1.10 |' in comparison.rows()[0]


def test_runner_and_bare_loop_do_the_same_work(throughput: ModuleType, tmp_path: Path) -> None:
    # compare_training refuses to go on when the first losses of an epoch differ
    stacks = [throughput.make_stack(tmp_path, seed, 128) for seed in throughput.TRAINING_SEEDS]
    comparison = throughput.compare_training(stacks, tmp_path, pairs=1, step=128)
    ((ours, bare, steps),) = comparison.pairs
    assert steps == 1
    assert min(ours.cpu, bare.cpu, ours.wall, bare.wall) > 0
    assert math.isfinite(comparison.ratio('cpu'))


def test_map_and_bare_forward_do_the_same_work(throughput: ModuleType, tmp_path: Path) -> None:
    # compare_mapping refuses to go on when the probabilities of a window differ
    stack = throughput.make_stack(tmp_path, throughput.MAPPING_SEED, 160)
    comparison = throughput.compare_mapping(
        stack, tmp_path, pairs=1, window=128, overlap=32, batch_size=4
    )
    ((ours, bare, windows),) = comparison.pairs
    assert windows == 4
    assert min(ours.cpu, bare.cpu, ours.wall, bare.wall) > 0
    assert math.isfinite(comparison.ratio('wall'))
