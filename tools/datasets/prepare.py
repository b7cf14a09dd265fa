"""Check a download of a public data set: tools/datasets/prepare.py bijie /data/bijie."""

from __future__ import annotations

import argparse
from pathlib import Path

from fusionls.console import progress_bar, run_tool
from fusionls.datasets.places import data_set_folder
from fusionls.datasets.public import PUBLISHED, DataSetCard
from fusionls.datasets.public.download import DownloadReport, check_download
from fusionls.errors import DataSetError, FileMissingError, raise_together


def main() -> None:
    """Parse arguments, read everything, say what is there and what is not."""
    parser = argparse.ArgumentParser(
        description='Look through a download of a public data set: numbers, sizes, every mask and '
        'every image, checksums where they are given. Nothing is written or changed.'
    )
    parser.add_argument('name', choices=sorted(PUBLISHED), help='the set, see docs/datasets.md')
    parser.add_argument(
        'root',
        nargs='?',
        help='its folder; looked for under $FUSIONLS_REAL_DATA and data/ too (default: the name)',
    )
    parser.add_argument(
        '--checksums',
        type=Path,
        help='what was published: a record of Zenodo as JSON '
        '(https://zenodo.org/api/records/<number>), or the output of md5sum or sha256sum',
    )
    args = parser.parse_args()
    card, find = PUBLISHED[args.name]
    try:
        root = data_set_folder(args.root or args.name)
    except FileMissingError as error:
        raise FileMissingError(f'{error}\n{_where(card)}') from error
    with progress_bar(f'reading {args.name}') as bar:
        report = check_download(
            card,
            find(root),
            root,
            args.checksums,
            lambda done, total: bar.report(done, total, f'reading {args.name}'),
        )
    print(_told(card, report))
    raise_together(
        DataSetError, f'{root}: is not {card.title} as published', report.problems, _where(card)
    )
    print('all is there')


def _told(card: DataSetCard, report: DownloadReport) -> str:
    """What the download holds, in lines."""
    sizes = [f'{rows} x {cols}' for (rows, cols), _ in report.sizes.most_common(3)]
    more = f' and {len(report.sizes) - 3} more' if len(report.sizes) > 3 else ''
    lines = [
        f'{card.title}: {report.tiles} tiles of {", ".join(sizes) or "no size"}{more}',
        *(f'  {start or "all"}: {count}' for start, count in report.counts.items()),
        f'{report.labelled} with labels, {report.with_landslide} of them with landslides; '
        f'{report.landslide:.2%} of the labelled pixels are landslide',
        *(f'{m}: {share:.2%} of the pixels invalid' for m, share in report.invalid.items()),
    ]
    if report.checksums:
        lines.append(f'{report.checksums} checksums are right')
    return '\n'.join([*lines, *(f'doubtful: {doubt}' for doubt in report.doubts)])


def _where(card: DataSetCard) -> str:
    return f'Expected:\n{card.tree}\nFrom: {card.download}\nLicence: {card.licence}'


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
