"""Write docs/benchmark.md from the metafiles of configs/ and benchmarks/.

Example:
    python tools/dev/render_benchmark.py [--check]
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from fusionls.console import run_tool
from fusionls.evaluation.metafile import Result, all_results, title_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs' / 'benchmark.md'
HEAD = """# Benchmark

Made from the `metafile.yml` of each folder of `configs/` and `benchmarks/` by
`tools/dev/render_benchmark.py`; do not edit. A row is added by `tools/dev/add_result.py`.

**How to read this.** A figure says something only beside its split and its kind. *Landslide class,
pooled* counts all pixels of all tiles together; a mean of both classes adds ten to twenty points,
for the background is easy; a mean over pictures counts every empty picture with nothing found as
1. A split of random tiles tests on ground that lies between training tiles; tiles of whole blocks,
regions or scenes do not. Rows of one table with other splits, kinds or budgets are **beside** each
other, not comparable. Ours are the last weights of a run, never the best on the test tiles; `±` is
the deviation over seeds, and no `±` is one seed, which another may change by a point. *Checked*
says how a published figure was read: in the `repository`, in the `abstract`, or as a `review`
cites it. Kinds and splits that a source does not state are called so.
"""
SCORES = {
    'landslide/f1': 'F1',
    'landslide/iou': 'IoU',
    'landslide/miou': 'mIoU',
    'landslide/precision': 'precision',
    'landslide/recall': 'recall',
    'landslide/ap': 'AP',
    'landslide/object_f1': 'object F1',
    'landslide/coco_mask_ap50': 'mask AP50',
    'landslide/coco_box_ap50': 'box AP50',
    'landslide/coco_box_ap75': 'box AP75',
    'landslide/tile_accuracy': 'tile accuracy',
    'landslide/tile_f1': 'tile F1',
}


def page(results: Sequence[Result]) -> str:
    """docs/benchmark.md as it should be."""
    lines = [HEAD]
    for name in sorted({result.data_set for result in results}, key=title_of):
        rows = [result for result in results if result.data_set == name]
        lines += [f'## {title_of(name)}', '', *_scores(rows), *_runs(rows)]
    return '\n'.join(lines)


def _scores(rows: Sequence[Result]) -> list[str]:
    """One table: ours first, then the published ones, both by split."""
    scores = {key: title for key, title in SCORES.items() if any(key in row.mean for row in rows)}
    ordered = sorted(rows, key=lambda row: (row.published, row.split))
    return [
        _line(['whose', 'method', 'split', 'kind', *scores.values(), 'seeds']),
        _line(['---'] * 4 + ['---:'] * (len(scores) + 1)),
        *(_score_row(row, list(scores)) for row in ordered),
        '',
        *_notes(ordered),
    ]


def _score_row(row: Result, scores: Sequence[str]) -> str:
    whose = f'{row.source} ({row.checked})' if row.published else '**ours**' + _budget(row.model)
    hidden = [f'shown {" + ".join(row.shown)}'] if row.shown else []
    hidden += [row.pattern] if row.pattern else []
    shown = f' ({", ".join(hidden)})' if hidden else ''
    cells = [whose, row.title + shown, row.split, row.kind]
    cells += [row.cell(score) for score in scores]
    return _line([*cells, '–' if row.seeds is None else str(row.seeds)])


def _budget(model: str) -> str:
    """Epochs and tile that the name of a config tells, where it does."""
    told = re.search(r'_(\d+)e_\w+_t(\d+)$', model)
    return f', {told[1]} epochs, tiles of {told[2]}' if told else ''


def _notes(rows: Sequence[Result]) -> list[str]:
    noted = [f'- {row.title}, {row.split}: {row.note}.' for row in rows if row.note]
    return [*dict.fromkeys(noted), ''] if noted else []


def _runs(rows: Sequence[Result]) -> list[str]:
    """What our own runs were, and what they cost."""
    runs = [row for row in rows if not row.published and row.whole]
    if not runs:
        return []
    head = (
        'run', 'data', 'split hash', 'tiles', 'parameters', 'CPU min', 'wall min', 'memory',
        'device', 'commit', 'date',
    )  # fmt: skip
    return [
        'Our runs; cost is that of training, the mean where there were several seeds.',
        '',
        _line(head),
        '|---|---|---|---:|---:|---:|---:|---:|---|---|---|',
        *(_line(_run_cells(row)) for row in runs),
        '',
    ]


def _run_cells(row: Result) -> list[str]:
    cost = row.cost
    return [
        f'`{row.model}`',
        row.version or '–',
        f'`{row.split_hash}`' if row.split_hash else '–',
        '–' if row.train_tiles is None else f'{row.train_tiles} + {row.test_tiles}',
        f'{cost["parameters"] / 1e6:.1f} M' if 'parameters' in cost else '–',
        f'{cost["cpu_minutes"]:.0f}' if 'cpu_minutes' in cost else '–',
        f'{cost["wall_minutes"]:.0f}' if 'wall_minutes' in cost else '–',
        f'{cost["memory_gb"]:.1f} GB' if 'memory_gb' in cost else '–',
        row.device or '–',
        f'`{row.commit}`',
        row.date,
    ]


def _line(cells: Sequence[str]) -> str:
    return '| ' + ' | '.join(cell.replace('|', r'\|') for cell in cells) + ' |'


def current_page(root: Path = ROOT) -> str:
    """The page of the metafiles of a checkout."""
    return page(all_results(root))


def main() -> int:
    """Write the page; with --check only say whether it is as it should be."""
    parser = argparse.ArgumentParser(description='Write docs/benchmark.md from the metafiles.')
    parser.add_argument('--check', action='store_true', help='write nothing; 1 if out of date')
    text = current_page()
    if not parser.parse_args().check:
        PAGE.write_text(text, encoding='utf-8')
        print(f'wrote {PAGE}')
        return 0
    if not PAGE.is_file() or PAGE.read_text(encoding='utf-8') != text:
        print('docs/benchmark.md is out of date; run tools/dev/render_benchmark.py')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
