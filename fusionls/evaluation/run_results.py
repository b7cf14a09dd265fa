"""Work folders of finished runs -> one row of a table.

Flow: metrics.json and leakage.json of every seed -> [here] -> evaluation.metafile.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from fusionls.errors import (
    FileMissingError,
    InputError,
    LayerMissingError,
    nearest_names,
    raise_together,
)
from fusionls.evaluation.metafile import Result, over_seeds
from fusionls.evaluation.records import checked_out_commit

PREFIX = 'landslide/'
KEPT = frozenset(
    {'precision', 'recall', 'f1', 'iou', 'miou', 'mcc', 'kappa', 'ap', 'macro_f1', 'per_image_f1'}
    | {'object_precision', 'object_recall', 'object_f1', 'ece', 'brier'}
    | {f'coco_{kind}_ap{iou}' for kind in ('box', 'mask') for iou in ('', '50', '75')}
    | {f'tile_{name}' for name in ('accuracy', 'precision', 'recall', 'f1', 'auc')}
    | {f'screen_{name}' for name in ('rejected', 'recall', 'pixel_recall', 'cost_saved')}
)
"""Scores that a metafile keeps; the others stay in the reports of the runs."""
NOTHING_HIDDEN = 'all'
"""Name of the pattern that hides nothing."""
TESTED = ('test', 'val')
"""Sides of ``leakage.json`` that say how many tiles were tested on, the first that is there."""


def run_result(
    work_dirs: Sequence[str | Path],
    *,
    metrics: str = 'metrics.json',
    shown: Sequence[str] = (),
    pattern: str = '',
    **said: Any,
) -> Result:
    """The row that the runs of one config with several seeds make.

    Args:
        work_dirs: Work folder of each run; each holds ``metrics``, as ``tools/test.py`` and
            ``benchmarks/zoo/train.py`` write it, and ``leakage.json`` where it was checked.
        metrics: Name of the file of scores.
        shown: Modalities shown in testing; empty for all.
        pattern: Take the scores under this pattern of missing data, of a file that
            ``tools/test.py --missing-protocol`` or ``benchmarks/missing_data/run.py`` wrote;
            ``'all'`` hides nothing.
        **said: The other fields of :class:`Result`; those that the folders tell may be left out.

    Raises:
        FileMissingError: A folder has no such file; all are named.
        LayerMissingError: A file has no such pattern.
        InputError: Runs were split differently, or leak and were allowed to.
    """
    folders = [Path(folder) for folder in work_dirs]
    missing = [f'{f / metrics}: no such file' for f in folders if not (f / metrics).is_file()]
    raise_together(FileMissingError, 'runs have no scores', missing, 'Test them: tools/test.py.')
    runs = [json.loads((folder / metrics).read_text(encoding='utf-8')) for folder in folders]
    mean, deviation = over_seeds([_scores(run, pattern) for run in runs])
    tiles = _tiles(folders, runs)
    found: dict[str, Any] = {
        'mean': mean,
        'deviation': deviation,
        'seeds': len(runs),
        'shown': tuple(shown),
        'pattern': '' if pattern == NOTHING_HIDDEN else pattern,
        'cost': {} if shown or pattern not in ('', NOTHING_HIDDEN) else _cost(runs),
        'device': _device(runs[0]),
        'commit': ', '.join(dict.fromkeys(str(r['commit']) for r in runs if r.get('commit')))
        or checked_out_commit(),
        'date': date.today().isoformat(),
        **tiles,
    }
    return Result(**{**found, **said})


def _scores(run: Mapping[str, Any], pattern: str) -> dict[str, float]:
    """The scores of a run that are kept, by their full name."""
    given = run
    if pattern:
        # tools/test.py --missing-protocol writes the patterns alone
        patterns = run.get('patterns', run)
        if pattern not in patterns:
            raise LayerMissingError(f'no pattern {pattern!r}; {nearest_names(pattern, patterns)}')
        given = patterns[pattern].get('scores', patterns[pattern])
    named = {name.removeprefix(PREFIX): value for name, value in given.items()}
    return {
        f'{PREFIX}{name}': float(value)
        for name, value in named.items()
        if name in KEPT and _is_share(value)
    }


def _tiles(folders: Sequence[Path], runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Split hash and numbers of tiles, which all runs must share."""
    told, problems = [], []
    for folder, run in zip(folders, runs, strict=True):
        path = folder / 'leakage.json'
        if not path.is_file():
            told.append({k: run[k] for k in ('train_tiles', 'test_tiles') if k in run})
            continue
        content = json.loads(path.read_text(encoding='utf-8'))
        checks = {check['sides'][1]: check for check in content['checks']}
        problems += [
            f'{path}: {check["leaks"]} leaks into {side}, which were allowed'
            for side, check in checks.items()
            if check['leaks']
        ]
        side = next((checks[name] for name in TESTED if name in checks), None)
        if side is not None:
            train, test = side['tiles']
            told.append(
                {'split_hash': side['split_hash'], 'train_tiles': train, 'test_tiles': test}
            )
    if any(one != told[0] for one in told):
        problems.append(f'runs were split differently: {told}')
    raise_together(InputError, 'runs make no row', problems)
    return told[0] if told else {}


def _cost(runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What one run costs, the mean over runs, as far as they say."""
    scale = {
        'parameters': ('parameters', 1.0),
        'cpu_minutes': ('train_cpu_s', 60.0),
        'wall_minutes': ('train_wall_s', 60.0),
        'memory_gb': ('peak_memory_gb', 1.0),
    }
    cost: dict[str, float] = {}
    for name, (key, unit) in scale.items():
        if all(key in run for run in runs):
            value = sum(run[key] for run in runs) / len(runs) / unit
            cost[name] = round(value) if name == 'parameters' else round(value, 2)
    return cost


def _device(run: Mapping[str, Any]) -> str:
    threads = run.get('threads')
    told = str(run.get('machine') or f'{platform.machine()}, {os.cpu_count()} cores')
    return f'{told}, {threads} threads' if threads else told


def _is_share(value: Any) -> bool:
    """Whether a score lies between 0 and 1, as counts, slopes and nan do not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
