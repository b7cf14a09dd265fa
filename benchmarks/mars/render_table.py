"""Put the results of the Mars runs into their metafiles, and the table of README from these.

Run: python benchmarks/mars/render_table.py WORK_DIR    (after benchmarks/mars/run_table.sh)
     python benchmarks/mars/render_table.py             (README from the metafiles only)
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from fusionls.evaluation.metafile import Result, all_results, put_results
from fusionls.evaluation.run_results import run_result

ROOT = Path(__file__).parents[2]
README = ROOT / 'README.md'
START, END = '<!-- mars table: rendered by benchmarks/mars/render_table.py -->', '<!-- end -->'
METHODS = {
    'plain_unet': 'plain U-Net, stacked (baseline, its own library)',
    'stacked': 'stacked channels, one encoder',
    'concat': 'one branch per modality, concat',
    'gated': 'one branch per modality, gated',
}
SUBSETS = 'the gated checkpoint, shown only some modalities'
COLUMNS = {
    'landslide/f1': 'F1',
    'landslide/iou': 'IoU',
    'landslide/miou': 'mIoU',
    'landslide/precision': 'precision',
    'landslide/recall': 'recall',
    'landslide/object_f1': 'object F1',
}
WHAT = {
    'data_set': 'mars_mmls_v2',
    'version': 'MMLSv2 training folder, 465 tiles',
    'split': 'cell columns 20-29 and 60-69 test, a buffer column on each side, the others train',
    'kind': 'landslide class, pooled over valid pixels',
}


def model_of(method: str) -> str:
    """Stem of the config of a row."""
    return method if method == 'plain_unet' else f'{method}_lite0_opttertherm_1xb8_12e_mars_t192'


def metafile_of(method: str) -> Path:
    """Where the figures of a row stand."""
    folder = 'benchmarks/mars' if method == 'plain_unet' else f'configs/{method}'
    return ROOT / folder / 'metafile.yml'


def collect(folder: Path) -> None:
    """Put every run below a folder into its metafile."""
    for method, title in METHODS.items():
        work_dir = folder / method
        if not (work_dir / 'metrics.json').is_file():
            continue
        rows = [run_result([work_dir], model=model_of(method), title=title, **WHAT)]
        rows += [
            run_result(
                [work_dir],
                model=model_of(method),
                title=SUBSETS,
                metrics=file.name,
                shown=file.stem.removeprefix('metrics_').split('_'),
                **WHAT,
            )
            for file in sorted(work_dir.glob('metrics_*.json'))
        ]
        put_results(metafile_of(method), rows)


def mars_results() -> list[Result]:
    """The rows of the table: the methods in order, then the gated one with subsets."""
    models = [model_of(method) for method in METHODS]
    rows = [r for r in all_results(ROOT) if r.model in models and r.split == WHAT['split']]
    return sorted(rows, key=lambda r: (models.index(r.model), r.shown))


def table(results: Sequence[Result]) -> str:
    """The results as Markdown: the methods with what they cost, then subsets of modalities."""
    lines = [
        f'| method | {" | ".join(COLUMNS.values())} | parameters | CPU min | wall min |',
        '|---|' + '---:|' * (len(COLUMNS) + 3),
    ]
    for result in results:
        if not result.shown:
            lines.append(
                f'| {result.title} | {cells(result)} | {result.cost["parameters"] / 1e6:.1f} M '
                f'| {result.cost["cpu_minutes"]:.0f} | {result.cost["wall_minutes"]:.0f} |'
            )
    subsets = [result for result in results if result.shown]
    if subsets:
        lines += [
            '',
            'The gated checkpoint of the last row, shown only some modalities:',
            '',
            f'| shown | {" | ".join(COLUMNS.values())} |',
            '|---|' + '---:|' * len(COLUMNS),
            *(f'| {" + ".join(result.shown)} | {cells(result)} |' for result in subsets),
        ]
    return '\n'.join(lines)


def cells(result: Result) -> str:
    """The scores of a row."""
    return ' | '.join(result.cell(score) for score in COLUMNS)


def rendered(readme: str, results: Sequence[Result]) -> str:
    """README with the table between its marks renewed."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return f'{before}{START}\n{table(results)}\n{END}{after}'


def main(folder: str | None = None) -> None:
    """Collect, if a folder is given, and render."""
    if folder is not None:
        collect(Path(folder))
    README.write_text(rendered(README.read_text(), mars_results()))
    print(table(mars_results()))


if __name__ == '__main__':
    main(*sys.argv[1:])
