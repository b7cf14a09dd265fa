"""Draw docs/model_zoo.png: what each trained segmentor scores on the Mars tiles, and what it costs.

F1 against CPU time of a prediction, on all layers and on the optical ones alone, joined by a line;
figures are those of the pages (metafiles, docs/model_zoo.json).

Example:
    python tools/dev/draw_models.py
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from matplotlib.figure import Figure
from render_models import EARLIER, MARS, ROOT, Zoo

from fusionls.console import run_tool
from fusionls.errors import InputError
from fusionls.visualization.drawing import save_png

PICTURE = 'docs/model_zoo.png'
BUDGET = '1xb8_6e_mars_t64'
SCORE = 'landslide/f1'
FUSED, OPTICAL = '#0b5fa5', '#999999'
Point = tuple[float, float]
"""CPU milliseconds, and F1."""


def points(zoo: Zoo) -> dict[str, dict[str, Point]]:
    """By model, then by modalities: the segmentors of one budget that are trained and measured."""
    found: dict[str, dict[str, Point]] = {}
    for stem, leaf in zoo.leaves.items():
        row, cost = zoo.trained(stem), zoo.costs.get(stem, {})
        if row is None or row.data_set != MARS or leaf.budget != BUDGET or SCORE not in row.mean:
            continue
        if 'latency_ms' in cost and zoo.mark(stem, cost) != EARLIER:
            point = (float(cost['latency_ms']), row.mean[SCORE])
            found.setdefault(f'{leaf.method} {leaf.encoder}', {})[leaf.modalities] = point
    return found


def draw(found: dict[str, dict[str, Point]], out: Path) -> Path:
    """Draw the points of :func:`points`.

    Raises:
        InputError: There are none.
    """
    if not found:
        raise InputError('no segmentor is both trained and measured; run tools/model_zoo.py')
    figure = Figure(figsize=(8, 5), dpi=150, layout='constrained')
    axes = figure.subplots()
    for method, shown in found.items():
        ends = list(shown.values())
        axes.plot(*zip(*ends, strict=True), color='#cccccc', linewidth=1, zorder=1)
        for modalities, point in shown.items():
            axes.scatter(*point, color=OPTICAL if modalities == 'opt' else FUSED, s=28, zorder=2)
        best = max(ends, key=lambda point: point[1])
        axes.annotate(method, best, (0, 5), textcoords='offset points', ha='center', fontsize=8)
    axes.scatter([], [], color=FUSED, s=28, label='optical, terrain, thermal')
    axes.scatter([], [], color=OPTICAL, s=28, label='optical alone')
    axes.set(
        xscale='log',
        xlabel='CPU ms to map a tile of 256 x 256 pixels, one thread',
        ylabel='F1 of landslides, held-out Mars columns',
    )
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(linewidth=0.4, alpha=0.6)
    axes.legend(loc='lower right', fontsize=8, frameon=False)
    return save_png(figure, out)


def main() -> None:
    """Draw the picture of this checkout."""
    argparse.ArgumentParser(description=__doc__.partition('\n')[0]).parse_args()
    print(f'wrote {draw(points(Zoo.of(ROOT)), ROOT / PICTURE)}')


if __name__ == '__main__':
    sys.exit(run_tool(main))
