"""Runs beside each other: is one better than another, or was it the ground?

Flow: metrics.json and metrics_blocks.npz of each run -> [here] -> a table.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fusionls.errors import FileMissingError, InputError, nearest_names, raise_together
from fusionls.evaluation.functional.blocks import DRAWS, FEW_BLOCKS, BlockSums, paired_differences
from fusionls.evaluation.functional.scores import scores
from fusionls.evaluation.report import BLOCKS_SUFFIX

HEADLINE = ('f1', 'iou', 'mcc', 'ap', 'per_image_f1', 'boundary_f_3px', 'object_f1', 'ece')


@dataclass(frozen=True)
class Run:
    """A tested run.

    Attributes:
        name: Work folder and, where it is not ``metrics``, the stem of its files.
        blocks: Sums by block.
        details: What ``metrics.json`` says beside the scores.
    """

    name: str
    blocks: BlockSums
    details: dict[str, Any]


def read_run(path: str | Path) -> Run:
    """Read what ``tools/test.py`` wrote.

    Args:
        path: A work folder, or one of its ``metrics*.json``.

    Raises:
        FileMissingError: There is no such folder or file.
        InputError: A file is of another kind, or older than the sums by block.
    """
    path = Path(path)
    file = path / 'metrics.json' if path.is_dir() else path
    if not file.is_file():
        raise FileMissingError(f'{file}: no such file; test the run by tools/test.py')
    try:
        details = json.loads(file.read_text())['details']
        details['rules']['boundary_distances']
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f'{file}: is no report of tools/test.py of this release ({error!r}); test again'
        ) from error
    stem = '' if file.stem == 'metrics' else f'/{file.stem}'
    blocks = BlockSums.read(file.with_name(file.stem + BLOCKS_SUFFIX))
    return Run(f'{file.parent.name}{stem}', blocks, details)


def comparison_table(
    runs: Sequence[Run], *, names: Sequence[str] | None = None, draws: int = DRAWS, seed: int = 0
) -> str:
    """Markdown: every run less the first, score by score, with interval and p-value.

    Args:
        runs: Two or more; all are compared with the first.
        names: Scores to show; :data:`HEADLINE` as far as all runs have them by default.
        draws: Of blocks.
        seed: Same seed, same draws.

    Raises:
        InputError: Fewer than two runs, other ground or other rules, or an unknown score.
    """
    if len(runs) < 2:
        raise InputError(f'two runs or more are compared, got {len(runs)}')
    first, others = runs[0], runs[1:]
    raise_together(
        InputError,
        'runs were scored by different rules',
        [
            f'{run.name}: {key} is {run.details.get(key)}, of {first.name} {first.details.get(key)}'
            for run in others
            for key in ('rules', 'block_pixels')
            if run.details.get(key) != first.details.get(key)
        ],
        'Test them again with the same evaluator.',
    )
    distances = first.details['rules']['boundary_distances']
    blocks = len(first.blocks)
    lines = [
        f'Difference from {first.name}, over {blocks} blocks of '
        f'{first.details["block_pixels"]} pixels, {draws} paired draws of whole blocks.'
        + (
            f' Fewer than {FEW_BLOCKS} blocks: take the intervals as too narrow.'
            if blocks < FEW_BLOCKS
            else ''
        ),
        '',
        '| run | score | value | first run | difference | 95 % interval | p |',
        '|---|---|---:|---:|---:|---:|---:|',
    ]
    for run in others:
        values, base = (scores(r.blocks.total(), distances) for r in (run, first))
        both = [name for name in values if name in base]
        shown = [name for name in HEADLINE if name in both] if names is None else list(names)
        unknown = [name for name in shown if name not in both]
        if unknown:
            raise InputError(
                f'no score {unknown[0]!r} in both runs; {nearest_names(unknown[0], both)}'
            )
        found = paired_differences(
            run.blocks,
            first.blocks,
            partial(scores, boundary_distances=distances, names=shown),
            draws=draws,
            seed=seed,
        )
        for name in shown:
            gap = found[name].interval
            lines.append(
                f'| {run.name} | {name} | {values[name]:.4f} | {base[name]:.4f} | '
                f'{gap.value:+.4f} | {gap.low:+.4f} to {gap.high:+.4f} | '
                f'{found[name].p_value:.3f} |'
            )
    if len(others) > 1 or len(lines) > 5:
        lines += ['', 'Many comparisons find a small p by chance: p is of each row alone.']
    return '\n'.join(lines)
