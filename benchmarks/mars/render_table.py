"""Put the results of the Mars runs into results.json and the table of README.

Run: python benchmarks/mars/render_table.py WORK_DIR    (after benchmarks/mars/run_table.sh)
     python benchmarks/mars/render_table.py             (README from results.json only)
"""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / 'results.json'
README = HERE.parents[1] / 'README.md'
START, END = '<!-- mars table: rendered by benchmarks/mars/render_table.py -->', '<!-- end -->'
METHODS = {
    'plain_unet': 'plain U-Net, stacked (baseline, its own library)',
    'stacked': 'stacked channels, one encoder',
    'concat': 'one branch per modality, concat',
    'gated': 'one branch per modality, gated',
}
COLUMNS = {
    'landslide/f1': 'F1',
    'landslide/iou': 'IoU',
    'landslide/miou': 'mIoU',
    'landslide/precision': 'precision',
    'landslide/recall': 'recall',
    'landslide/object_f1': 'object F1',
}


def collected(folder: Path) -> dict[str, Any]:
    """Metrics of every run below a folder, by row."""
    runs = {}
    for method in METHODS:
        file = folder / method / 'metrics.json'
        if file.exists():
            runs[method] = json.loads(file.read_text())
        for subset in sorted((folder / method).glob('metrics_*.json')):
            name = f'{method}:{subset.stem.removeprefix("metrics_").replace("_", " + ")}'
            runs[name] = json.loads(subset.read_text())
    return {'machine': f'{platform.machine()}, {os.cpu_count()} cores', 'runs': runs}


def table(results: dict[str, Any]) -> str:
    """The results as Markdown: the methods with what they cost, then subsets of modalities."""
    runs = results['runs']
    lines = [
        f'| method | {" | ".join(COLUMNS.values())} | parameters | CPU min | wall min |',
        '|---|' + '---:|' * (len(COLUMNS) + 3),
    ]
    for method, title in METHODS.items():
        if method not in runs:
            continue
        run = runs[method]
        cells = ' | '.join(f'{run[key]:.3f}' for key in COLUMNS)
        lines.append(
            f'| {title} | {cells} | {run["parameters"] / 1e6:.1f} M '
            f'| {run["train_cpu_s"] / 60:.0f} | {run["train_wall_s"] / 60:.0f} |'
        )
    subsets = {name: run for name, run in runs.items() if ':' in name}
    if subsets:
        lines += [
            '',
            'The gated checkpoint of the last row, shown only some modalities:',
            '',
            f'| shown | {" | ".join(COLUMNS.values())} |',
            '|---|' + '---:|' * len(COLUMNS),
        ]
        for name, run in subsets.items():
            cells = ' | '.join(f'{run[key]:.3f}' for key in COLUMNS)
            lines.append(f'| {name.partition(":")[2]} | {cells} |')
    return '\n'.join(lines)


def rendered(readme: str, results: dict[str, Any]) -> str:
    """README with the table between its marks renewed."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return f'{before}{START}\n{table(results)}\n{END}{after}'


def main(folder: str | None = None) -> None:
    """Collect, if a folder is given, and render."""
    if folder is not None:
        RESULTS.write_text(json.dumps(collected(Path(folder)), indent=2) + '\n')
    README.write_text(rendered(README.read_text(), json.loads(RESULTS.read_text())))
    print(table(json.loads(RESULTS.read_text())))


if __name__ == '__main__':
    main(*sys.argv[1:])
