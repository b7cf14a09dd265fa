"""Train configs, test each as its config says, and write metrics.json with what that cost.

One work folder per config and seed below OUT, each by a process of its own. A run is done once:
where its metrics.json stands it is skipped, so that the script can be killed and started again
(a run that was killed begins anew, for its cost would be wrong). With --add the rows of the zoo's
Mars tiles go into the metafiles beside the configs, and the pages are rendered.

Run: OMP_NUM_THREADS=1 python benchmarks/zoo/train.py CONFIG [CONFIG ...] [--seeds 0 1 2] [--add]
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import DictAction

from fusionls import apis
from fusionls.config import chosen_leaves, load_config
from fusionls.console import run_tool
from fusionls.errors import InputError, raise_together
from fusionls.evaluation.metafile import METAFILE, put_results
from fusionls.evaluation.records import FAILED, Record, run_apart, run_cost
from fusionls.evaluation.run_results import run_result
from fusionls.geo.raster_io import written_whole
from fusionls.testing.config_parts import task_of

ROOT = Path(__file__).parents[2]
RENDER = [
    [sys.executable, str(ROOT / 'tools' / 'dev' / f'{tool}.py')]
    for tool in ('render_benchmark', 'render_models')
]
SCORES = 'metrics.json'
MARS = 'mars_mmls_v2'
SAID = {
    'data_set': MARS,
    'version': 'MMLSv2 training folder, 465 tiles',
    'split': 'cell columns 20-29 and 60-69 test, a buffer column on each side, the others train',
}
KINDS = {
    'maps': 'landslide class, pooled over valid pixels',
    'instances': 'connected landslides; F1 and IoU of pixels, pooled',
    'boxes': 'boxes of connected landslides; objects from a score of 0.5 on',
    'tiles': 'tiles of 64 pixels, landslide from 5 % of their labelled pixels on',
}
"""What the figures are of, by task."""


def main() -> int:
    """Run what is not done; 1 if a run failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('configs', nargs='+', metavar='CONFIG', help='paths, or parts of names')
    parser.add_argument('--out', type=Path, default=Path('work_dirs/zoo'))
    parser.add_argument('--folder', type=Path, help='the work folder itself, of one single run')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0])
    parser.add_argument('--options', nargs='*', action=DictAction, metavar='KEY=VALUE')
    parser.add_argument('--add', action='store_true', help='put the rows into the metafiles')
    args = parser.parse_args()
    torch.set_num_threads(1)
    paths = chosen_leaves(ROOT, args.configs)
    if args.folder is not None and len(paths) * len(args.seeds) > 1:
        parser.error(f'--folder is of one run, but {len(paths) * len(args.seeds)} were asked for')
    failed = 0
    for path in paths:
        folders = {seed: args.folder or args.out / f'{path.stem}_s{seed}' for seed in args.seeds}
        for seed, folder in folders.items():
            if not (folder / SCORES).is_file():
                found = run_apart(trained, str(path), str(folder), seed, args.options or {})
                failed += FAILED in found
                print(f'{folder.name}: {told(found)}', flush=True)
        done = [folder for folder in folders.values() if (folder / SCORES).is_file()]
        if args.add and len(done) == len(folders):
            add_row(path, done)
    if args.add:
        for command in RENDER:
            subprocess.run(command, check=True)
    return int(failed > 0)


def trained(path: str, folder: str, seed: int, options: dict[str, Any]) -> Record:
    """Train and test one config; its scores and what the training cost, as they were written."""
    config = load_config(path, {'randomness.seed': seed, **options})
    config.work_dir = folder
    with run_cost(torch.get_num_threads()) as cost:
        runner = apis.train(config)
    scores = apis.evaluate(config, Path(folder) / f'epoch_{runner.epoch}.pth')
    parameters = sum(p.numel() for p in runner.model.parameters())
    found = {**scores, 'seed': seed, 'epochs': runner.epoch, 'parameters': parameters, **cost}
    with written_whole(Path(folder) / SCORES) as beside:
        beside.write_text(json.dumps(found, indent=2) + '\n', encoding='utf-8')
    return found


def add_row(path: Path, folders: Sequence[Path]) -> None:
    """Put the runs of one config into the metafile beside it.

    Raises:
        InputError: The config is not of the zoo's Mars tiles, or its docstring says no title.
    """
    config = load_config(path)
    text = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8'))) or ''
    title = text.partition('\n')[0].rstrip('.')
    problems = []
    if config.get('root') != MARS:
        problems.append(f'its data set is {config.get("root")!r}; expected {MARS!r}')
    if not title:
        problems.append('it has no docstring whose first line is its title')
    raise_together(
        InputError, f'{path}: its row cannot be named', problems, 'Use tools/dev/add_result.py.'
    )
    said = {**SAID, 'kind': KINDS[task_of(config).name], 'title': title}
    put_results(path.parent / METAFILE, [run_result(folders, model=path.stem, **said)])


def told(found: Record) -> str:
    """A run in one line."""
    if FAILED in found:
        return f'FAILED, {found[FAILED]}'
    names = ('f1', 'iou', 'coco_mask_ap50', 'coco_box_ap50', 'tile_accuracy')
    scores = {name: found[f'landslide/{name}'] for name in names if f'landslide/{name}' in found}
    shown = ', '.join(f'{name} {value:.4f}' for name, value in scores.items())
    return f'{shown}, {found["train_cpu_s"] / 60:.1f} CPU minutes'


if __name__ == '__main__':
    sys.exit(run_tool(main))
