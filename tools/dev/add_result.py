r"""Add a row of figures to a metafile: tools/dev/add_result.py CONFIG WORK_DIR [WORK_DIR ...].

One work folder per seed, each trained by tools/train.py and tested by tools/test.py. Mean and
deviation over the seeds, split hash, numbers of tiles, commit, device and date are taken from
there; what a run cost too, where benchmarks/zoo/train.py trained it. Then the page is rendered.

Example:
    python tools/dev/add_result.py configs/gated/gated_x.py work_dirs/seed_0 work_dirs/seed_1 \
        --title 'gated, holes trained' --data-set mars_mmls_v2 --split 'cell columns ...' \
        --kind 'landslide class, pooled over valid pixels'
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from render_benchmark import PAGE, current_page

from fusionls.console import run_tool
from fusionls.errors import InputError, raise_together
from fusionls.evaluation.metafile import METAFILE, Result, put_results, read_metafile
from fusionls.evaluation.run_results import run_result

WORDS = {
    'title': 'what a reader calls the row',
    'data_set': 'name of the data set: the section of the page',
    'split': 'which tiles train and which test',
    'kind': 'what the figures are of, and how they are pooled',
    'version': 'of the data set',
}


def main() -> None:
    """Parse arguments, add the row, render the page."""
    parser = argparse.ArgumentParser(
        description='Add the figures of one config to the metafile beside it, and render '
        'docs/benchmark.md. Words that are left out are those of the row of the same config.'
    )
    parser.add_argument('config', type=Path, help='the config that was trained')
    parser.add_argument('work_dirs', type=Path, nargs='+', help='one work folder per seed')
    parser.add_argument('--metrics', default='metrics.json', help='file of scores in each')
    parser.add_argument(
        '--shown', nargs='+', default=[], metavar='MODALITY', help='shown in testing, if not all'
    )
    parser.add_argument(
        '--pattern',
        default='',
        metavar='NAME',
        help='a pattern of missing data, with --metrics missing_data.json; all hides nothing',
    )
    for name, told in WORDS.items():
        parser.add_argument(f'--{name.replace("_", "-")}', metavar='TEXT', help=told)
    for name, told in (('device', 'what it ran on'), ('note', 'what else must be known')):
        parser.add_argument(f'--{name}', metavar='TEXT', help=told)
    args = parser.parse_args()
    path = args.config.parent / METAFILE
    known = _row_of(path, args.config.stem)
    words = {
        name: getattr(args, name) or (known is not None and getattr(known, name)) or ''
        for name in WORDS
    }
    raise_together(
        InputError,
        f'{args.config}: the row lacks words',
        [f'--{name.replace("_", "-")}: {WORDS[name]}' for name in words if not words[name]
         and name != 'version'],
    )  # fmt: skip
    extra = {name: getattr(args, name) for name in ('device', 'note') if getattr(args, name)}
    result = run_result(
        args.work_dirs,
        model=args.config.stem,
        metrics=args.metrics,
        shown=args.shown,
        pattern=args.pattern,
        **words,
        **extra,
    )
    put_results(path, [result])
    PAGE.write_text(current_page(), encoding='utf-8')
    print(f'{path}: {result.title}, {result.seeds} seeds; wrote {PAGE}')


def _row_of(path: Path, model: str) -> Result | None:
    """The row of a config that a metafile has, for its words."""
    rows = read_metafile(path) if path.is_file() else []
    return next((row for row in rows if row.model == model and row.whole), None)


if __name__ == '__main__':
    sys.exit(run_tool(main))
