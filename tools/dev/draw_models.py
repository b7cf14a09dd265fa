"""Draw docs/model_zoo.png: what each trained segmentor scores on the Mars tiles, and what it costs.

A row per segmentor with its CPU time for a tile of 256 pixels; F1 on all layers and on the optical
ones alone, joined by a line. Figures are those of the pages (metafiles, docs/model_zoo.json).

Example:
    python tools/dev/draw_models.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from render_models import EARLIER, MARS, ROOT, Zoo

from fusionls.console import run_tool
from fusionls.errors import InputError
from fusionls.visualization.drawing import save_png

PICTURE = 'docs/model_zoo.png'
BUDGET = '1xb8_6e_mars_t64'
SCORE = 'landslide/f1'
FUSED, OPTICAL, LINE = '#0b5fa5', '#999999', '#cccccc'


@dataclass(frozen=True)
class Model:
    """A trained segmentor.

    Attributes:
        cost: CPU milliseconds of a prediction, on the layers that cost most.
        scores: F1 by modalities, as names of configs have them.
    """

    cost: float
    scores: Mapping[str, float]


def models(zoo: Zoo) -> dict[str, Model]:
    """By name: those of one budget that are trained, and measured with today's settings."""
    scores: dict[str, dict[str, float]] = {}
    costs: dict[str, float] = {}
    for stem, leaf in zoo.leaves.items():
        row, cost = zoo.trained(stem), zoo.costs.get(stem, {})
        if row is None or row.data_set != MARS or leaf.budget != BUDGET or SCORE not in row.mean:
            continue
        name = f'{leaf.method} {leaf.encoder}'
        scores.setdefault(name, {})[leaf.modalities] = row.mean[SCORE]
        if 'latency_ms' in cost and zoo.mark(stem, cost) != EARLIER:
            costs[name] = max(costs.get(name, 0.0), float(cost['latency_ms']))
    return {name: Model(costs[name], shown) for name, shown in scores.items() if name in costs}


def draw(found: Mapping[str, Model], out: Path) -> Path:
    """Draw a row per model, the cheapest on top.

    Raises:
        InputError: There are none.
    """
    if not found:
        raise InputError('no segmentor is both trained and measured; run tools/model_zoo.py')
    ordered = sorted(found.items(), key=lambda item: -item[1].cost)
    figure = Figure(figsize=(8, 1.2 + 0.34 * len(ordered)), dpi=150, layout='constrained')
    axes = figure.subplots()
    for place, (_, model) in enumerate(ordered):
        axes.plot(list(model.scores.values()), [place] * len(model.scores), color=LINE, zorder=1)
        for modalities, score in model.scores.items():
            axes.scatter(score, place, color=OPTICAL if modalities == 'opt' else FUSED, zorder=2)
    for colour, label in ((OPTICAL, 'optical alone'), (FUSED, 'optical, terrain, thermal')):
        axes.scatter([], [], color=colour, label=label)
    names = [f'{name}   {model.cost:.0f} ms' for name, model in ordered]
    axes.set_yticks(range(len(ordered)), names)
    axes.set_xlabel('F1 of landslides, held-out Mars columns')
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(axis='x', linewidth=0.4, alpha=0.6)
    axes.legend(loc='lower center', bbox_to_anchor=(0.4, 1), ncols=2, fontsize=8, frameon=False)
    return save_png(figure, out)


def main() -> None:
    """Draw the picture of this checkout."""
    argparse.ArgumentParser(description=__doc__.partition('\n')[0]).parse_args()
    print(f'wrote {draw(models(Zoo.of(ROOT)), ROOT / PICTURE)}')


if __name__ == '__main__':
    sys.exit(run_tool(main))
