"""Compare tested runs on the same ground: tools/analysis/compare_runs.py RUN RUN [RUN ...]."""

from __future__ import annotations

import argparse
from pathlib import Path

from fusionls.console import run_tool
from fusionls.evaluation.comparison import comparison_table, read_run
from fusionls.geo.raster_io import written_whole


def main() -> None:
    """Parse arguments, compare every run with the first and print the table."""
    parser = argparse.ArgumentParser(
        description='Compare runs that tools/test.py scored on the same tiles, by a paired '
        'bootstrap over blocks of ground.'
    )
    parser.add_argument(
        'runs',
        nargs='+',
        metavar='RUN',
        help='work folders or metrics.json files; the first is what the others are compared with',
    )
    parser.add_argument('--scores', nargs='+', metavar='NAME', help='default: the headline ones')
    parser.add_argument('--draws', type=int, default=2000)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', help='Markdown file to write as well')
    args = parser.parse_args()
    table = comparison_table(
        [read_run(run) for run in args.runs],
        names=args.scores,
        draws=args.draws,
        seed=args.seed,
    )
    print(table)
    if args.out:
        with written_whole(Path(args.out)) as beside:
            beside.write_text(table + '\n')
        print(f'wrote {args.out}')


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
