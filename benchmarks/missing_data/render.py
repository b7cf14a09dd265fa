"""Put the runs of run.py into results.json, and from there into the page and its picture.

Run: python benchmarks/missing_data/render.py RUNS    (the folder run.py wrote; its runs replace
                                                      those of the same config and seed)
     python benchmarks/missing_data/render.py RUNS --variant pre-trained
     python benchmarks/missing_data/render.py         (from results.json only)
     python benchmarks/missing_data/render.py --check (fails where the page is out of date)
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fusionls.evaluation.functional.missing_data import PatternScore
from fusionls.geo.raster_io import written_whole
from fusionls.visualization.missing_data import PREFIX, draw_missing_data

HERE = Path(__file__).parent
RESULTS = HERE / 'results.json'
PAGE = HERE.parents[1] / 'docs' / 'missing_data.md'
PICTURE = PAGE.with_name('missing_data.png')
SCORES = ('f1', 'iou')
SECTIONS = {
    'mars_t96': 'Mars tiles, three modalities',
    'valley_t128': 'Simulated valley, four modalities',
    'valleyholes_t128': 'Simulated valley, trained with holes',
    'marstenth_t96': 'Labels of every tenth Mars tile',
}
"""End of the name of a config, and the heading of its table on the page."""
DRAWN = ('compensating', 'concat', 'stacked')
METHODS = {
    'stacked_lite0_opttertherm': 'stacked channels, one encoder',
    'stacked_lite0_opt': 'optical only',
    'stacked_lite0_ter': 'terrain only',
    'stacked_lite0_therm': 'thermal only',
    'stacked_resnet10t_optterinslid': 'stacked channels, one encoder',
    'stacked_resnet10t_opt': 'optical only',
    'stacked_resnet10t_ter': 'terrain only',
    'stacked_resnet10t_ins': 'InSAR only',
    'stacked_resnet10t_lid': 'LiDAR only',
    'sum': 'sum',
    'concat': 'concatenation',
    'squeeze_excitation': 'squeeze and excitation',
    'gated': 'gate per pixel',
    'cmx': 'rectification and fusion (CMX)',
    'hub': 'self-query hub (CMNeXt)',
    'token_exchange': 'token exchange (TokenFusion)',
    'gemini': 'cross-attention per place (GeminiFusion)',
    'stitch': 'adapters (StitchFusion)',
    'evidential': 'evidence (Dempster-Shafer)',
    'late_fusion': 'late fusion of logits',
    'self_distilled': '**compensating, self-distilled**',
    'compensating': '**compensating (default)**',
}
"""Beginning of the name of a config, and what its row is called, in the order of the rows."""

Row = dict[str, Any]


def collected(folder: Path, variant: str = '') -> list[Row]:
    """What is kept of every run below a folder; ``variant`` tells runs of one config apart."""
    rows = []
    for file in sorted(folder.glob('*/missing_data.json')):
        run = json.loads(file.read_text())
        count = max(len(p['shown']) for p in run['patterns'].values())
        run['patterns'] = {
            name: {
                **{key: p[key] for key in ('family', 'level')},
                'hidden': count - len(p['shown']),
                **{key: round(p['scores'][f'{PREFIX}{key}'], 4) for key in SCORES},
            }
            for name, p in run['patterns'].items()
        }
        for key in ('train_cpu_s', 'train_wall_s', 'peak_memory_gb'):
            run[key] = round(run[key], 2)
        rows.append(run | {'variant': variant} if variant else run)
    return rows


def merged(old: list[Row], new: list[Row]) -> list[Row]:
    """Rows by config, variant and seed; new ones replace old ones."""
    rows = {(r['config'], r.get('variant', ''), r['seed']): r for r in [*old, *new]}
    return [rows[key] for key in sorted(rows)]


def page(rows: list[Row], text: str) -> str:
    """The page with the tables between its marks renewed."""
    for end, heading in SECTIONS.items():
        start, stop = f'<!-- {end} -->', f'<!-- end {end} -->'
        if start not in text:
            continue
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(stop)
        tables = _tables([r for r in rows if r['config'].endswith(end)], heading)
        text = f'{before}{start}\n{tables}\n{stop}{after}'
    return text


def _tables(rows: list[Row], heading: str) -> str:
    if not rows:
        return f'### {heading}\n\nNot run yet.'
    return '\n\n'.join(
        [f'### {heading}', 'F1 of landslides:', _table(rows, 'f1'), 'IoU:', _table(rows, 'iou')]
    )


def _table(rows: list[Row], score: str) -> str:
    widest = max(rows, key=lambda r: len(r['patterns']))['patterns']
    single = [n for n, p in widest.items() if p['family'] == 'modality' and p['hidden'] == 1]
    holes = [n for n, p in widest.items() if p['family'] == 'holes' and p['level'] == 0.5]
    columns = ['all', *single, *holes]
    head = ['method', 'seeds', *columns, 'mean, one missing', 'loss', 'mean, missing']
    lines = [f'| {" | ".join(head)} |', '|---|' + '---:|' * (len(head) - 1)]
    variants = sorted({r.get('variant', '') for r in rows})
    for (begin, title), variant in itertools.product(METHODS.items(), variants):
        runs = [
            r for r in rows
            if r['config'].startswith(f'{begin}_') and r.get('variant', '') == variant
        ]  # fmt: skip
        if not runs:
            continue
        title += f', {variant}' if variant else ''
        cells = [_mean_and_deviation(runs, [name], score) for name in columns]
        all_data = _mean(runs, ['all'], score)
        one = _mean(runs, single, score)
        loss = '–' if one is None or not all_data else f'{1 - one / all_data:.1%}'
        cells += [_mean_and_deviation(runs, single, score), loss]
        cells.append(_mean_and_deviation(runs, [*single, *holes], score))
        lines.append(f'| {title} | {len(runs)} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def _values(runs: Iterable[Row], names: list[str], score: str) -> list[float]:
    """A mean over the patterns per run; nothing where a run lacks one of them."""
    return [
        statistics.fmean(run['patterns'][name][score] for name in names)
        for run in runs
        if names and all(name in run['patterns'] for name in names)
    ]


def _mean(runs: Iterable[Row], names: list[str], score: str) -> float | None:
    values = _values(runs, names, score)
    return statistics.fmean(values) if values else None


def _mean_and_deviation(runs: list[Row], names: list[str], score: str) -> str:
    values = _values(runs, names, score)
    if not values:
        return '–'
    spread = f' ± {statistics.stdev(values):.3f}' if len(values) > 1 else ''
    return f'{statistics.fmean(values):.3f}{spread}'


def draw(rows: list[Row]) -> None:
    """The first seed of the headline rows under every pattern."""
    models = {}
    for begin in DRAWN:
        config = f'{begin}_lite0_opttertherm_1xb8_6e_mars_t96'
        run = next(r for r in rows if r['config'] == config and r['seed'] == 0)
        models[begin] = [
            PatternScore(name, p['family'], p['hidden'], p['level'], p['f1'])
            for name, p in run['patterns'].items()
        ]
    draw_missing_data(models, PICTURE, title='Mars tiles, one checkpoint each, seed 0')


def main() -> int:
    """Collect, if a folder is given, and render."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('runs', type=Path, nargs='?')
    parser.add_argument('--variant', default='', help='what sets these runs of a config apart')
    parser.add_argument('--check', action='store_true')
    args = parser.parse_args()
    if args.runs:
        known = json.loads(RESULTS.read_text())
        rows = merged(known, collected(args.runs, args.variant))
        with written_whole(RESULTS) as beside:
            beside.write_text(json.dumps(rows, indent=1) + '\n')
    rows = json.loads(RESULTS.read_text())
    text = PAGE.read_text(encoding='utf-8')
    new = page(rows, text)
    if args.check:
        if new != text:
            print(f'{PAGE.name} is out of date; run benchmarks/missing_data/render.py')
        return int(new != text)
    PAGE.write_text(new, encoding='utf-8')
    draw(rows)
    return 0


if __name__ == '__main__':
    sys.exit(main())
