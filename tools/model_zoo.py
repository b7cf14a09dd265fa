"""Measure the models of configs, print what they cost, and render docs/model_zoo.md.

Parameters, FLOPs, CPU time and memory of every config below configs/, or of those named, of one
made-up tile. Each is measured in a process of its own and kept in docs/model_zoo.json at once, so
that a killed run goes on where it was; a config that did not change is not measured again.

Example:
    OMP_NUM_THREADS=1 python tools/model_zoo.py
    OMP_NUM_THREADS=1 python tools/model_zoo.py fcn unet_base64 --again
    python tools/model_zoo.py --check
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fusionls.config import chosen_leaves, config_digest, leaf_configs, load_config
from fusionls.console import run_tool
from fusionls.evaluation.records import FAILED, Record, drop_records, made_records

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / 'docs' / 'model_zoo.json'
RENDER = [sys.executable, str(ROOT / 'tools' / 'dev' / 'render_models.py')]


def main() -> int:
    """Parse arguments, measure, render."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument(
        'configs', nargs='*', metavar='CONFIG', help='paths, or parts of names; all by default'
    )
    parser.add_argument('--side', type=int, default=256, help='of the tile, base pixels')
    parser.add_argument('--runs', type=int, default=5, help='predictions that are timed')
    parser.add_argument('--threads', type=int, default=1, help='of torch')
    parser.add_argument('--again', action='store_true', help='measure what is on record too')
    parser.add_argument(
        '--check', action='store_true', help='measure nothing; 1 if the page is out of date'
    )
    args = parser.parse_args()
    if args.check:
        return subprocess.run([*RENDER, '--check'], check=False).returncode
    drop_records(RECORDS, [path.stem for path in leaf_configs(ROOT)])
    settings = {'side': args.side, 'threads': args.threads}
    jobs = _jobs(chosen_leaves(ROOT, args.configs), settings, args.runs)
    failed = 0
    for name, record in made_records(RECORDS, measured, jobs, again=args.again):
        print(f'{name}: {told(record)}', flush=True)
        failed += FAILED in record
    subprocess.run([*RENDER, '--print', 'costs'], check=True)
    return int(failed > 0)


def _jobs(
    paths: Sequence[Path], settings: dict[str, Any], runs: int
) -> Iterator[tuple[str, dict[str, Any], tuple[Any, ...]]]:
    for path in paths:
        config = load_config(path)
        if config.get('test_evaluator'):  # one that only pre-trains predicts nothing
            of = {'config': config_digest(config), **settings}
            yield path.stem, of, (str(path), settings['side'], runs, settings['threads'])


def measured(path: str, side: int, runs: int, threads: int) -> Record:
    """What the model of a config costs; see ``fusionls.testing.model_cost``."""
    import torch

    from fusionls.testing.model_cost import model_cost

    torch.set_num_threads(threads)
    return asdict(model_cost(load_config(path), side=side, runs=runs))


def told(record: Record) -> str:
    """A record in one line."""
    if FAILED in record:
        return f'FAILED, {record[FAILED]}'
    return (
        f'{record["parameters"] / 1e6:.2f} M parameters ({record["trainable"] / 1e6:.2f} M '
        f'trained), {record["gflops"]:.2f} GFLOPs, {record["latency_ms"]:.0f} ms, '
        f'{record["predict_mb"]:.0f} MB to predict, {record["step_mb"]:.0f} MB to train'
    )


if __name__ == '__main__':
    sys.exit(run_tool(main))
