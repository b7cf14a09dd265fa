"""Whether every model of the zoo learns four real Mars tiles by heart.

IoU, or AP50 of boxes and instances, over 0.9, or accuracy 1.0, on the very tiles it is trained on,
within so many steps at the constant learning rate of its config (see fusionls.testing.overfitting).
A model that does not has a fault or the wrong settings, and is listed as failing. Each runs in a
process of its own and is kept in benchmarks/zoo/overfit.json at once; killed, start it again.

Run: OMP_NUM_THREADS=1 python benchmarks/zoo/overfit.py [CONFIG ...] [--steps 300] [--minutes 10]
"""

from __future__ import annotations

import argparse
import functools
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from fusionls.config import chosen_leaves, config_digest, leaf_configs, load_config
from fusionls.console import run_tool
from fusionls.datasets.places import data_set_folder
from fusionls.datasets.public import mars_mmls_v2
from fusionls.evaluation.records import FAILED, Record, drop_records, made_records
from fusionls.geo.window import Window
from fusionls.testing.overfitting import MOST_SIDE, overfitting

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / 'benchmarks' / 'zoo' / 'overfit.json'
RENDER = [sys.executable, str(ROOT / 'tools' / 'dev' / 'render_models.py')]
MARS = 'mars_mmls_v2'


def main() -> int:
    """Run what is not on record; 1 if a model of those failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('configs', nargs='*', metavar='CONFIG', help='paths, or parts of names')
    parser.add_argument('--only', nargs='+', default=[], metavar='WORD', help='the same')
    parser.add_argument('--steps', type=int, default=300, help='a model gives up after so many')
    parser.add_argument('--minutes', type=float, default=10.0, help='or after so much CPU time')
    parser.add_argument('--every', type=int, default=10, help='steps between scores')
    parser.add_argument('--lr', type=float, help='learning rate; that of the config by default')
    parser.add_argument('--again', action='store_true', help='run what is on record too')
    args = parser.parse_args()
    torch.set_num_threads(1)
    drop_records(RECORDS, [path.stem for path in leaf_configs(ROOT)])
    settings = {'most_steps': args.steps, 'most_minutes': args.minutes, 'every': args.every}
    jobs = _jobs(chosen_leaves(ROOT, [*args.configs, *args.only]), {**settings, 'lr': args.lr})
    read_tiles_once()
    failed = 0
    for name, record in made_records(RECORDS, learned, jobs, again=args.again):
        print(f'{name}: {told(record)}', flush=True)
        failed += not record.get('passed')
    subprocess.run(RENDER, check=True)
    return int(failed > 0)


def _jobs(
    paths: Sequence[Path], settings: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any], tuple[Any, ...]]]:
    """Those of the Mars tiles that are tested; the others are the same models on other layers."""
    for path in paths:
        config = load_config(path)
        if config.get('root') == MARS and config.get('test_evaluator'):
            yield path.stem, {'config': config_digest(config)}, (str(path), settings)


def read_tiles_once() -> None:
    """Read the tiles for all processes that are started later."""
    mars_mmls_v2.MarsMmlsV2 = functools.cache(mars_mmls_v2.MarsMmlsV2)
    scene = mars_mmls_v2.MarsMmlsV2(data_set_folder(MARS))
    scene.read_labels(Window(0, 0, *scene.grid.shape))  # which reads all of each tile


def learned(path: str, settings: dict[str, Any]) -> Record:
    """What came of one config."""
    config = load_config(path)
    if 'pixels_per_tile' in config.model:  # a classifier of pixels is shown all of them
        config.model.pixels_per_tile = MOST_SIDE**2
    found = asdict(overfitting(config, **settings))
    return {**found, 'most_steps': settings['most_steps']}


def told(record: Record) -> str:
    """A record in one line."""
    if FAILED in record:
        return f'FAILED, {record[FAILED]}'
    end = f'{record["score_name"]} {record["score"]:.3f} after {record["steps"]} steps'
    cost = f'{record["cpu_minutes"]:.1f} CPU minutes'
    if record['passed']:
        return f'{end}, {cost}'
    return f'NOT LEARNED, {end} (best {record["best"]:.3f}), {cost} {record["stopped"]}'


if __name__ == '__main__':
    sys.exit(run_tool(main))
