"""The missing-data protocol in files: JSON, a table, and a picture.

Flow: engine.MissingDataLoop -> [here] -> missing_data.json, .md, .png.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fusionls.datasets.missing_patterns import MissingPattern
from fusionls.errors import InputError
from fusionls.evaluation.functional.missing_data import PatternScore, missing_data_table
from fusionls.geo.raster_io import written_whole
from fusionls.visualization.drawing import save_png

COLOURS = {'nothing': '#333333', 'modality': '#0b5fa5', 'holes': '#d95f02', 'noise': '#1b9e77'}
MEANING = {
    'nothing': 'all data',
    'modality': 'modalities missing',
    'holes': 'pixels missing',
    'noise': 'noise',
}
DPI = 150
PREFIX = 'landslide/'
BESIDE = {'iou': 'IoU', 'precision': 'precision', 'recall': 'recall'}
"""Scores of the table beside F1, with their headings."""


def write_missing_data(
    patterns: Sequence[MissingPattern],
    results: Mapping[str, Mapping[str, float]],
    folder: str | Path,
    *,
    title: str = '',
) -> list[Path]:
    """Write what the protocol found.

    Args:
        patterns: What was run, in order.
        results: Scores by name of pattern, as the metric calls them.
        folder: Where ``missing_data.json``, ``.md`` and ``.png`` go.
        title: Heading of the picture.

    Returns:
        The files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    scores = pattern_scores(patterns, results)
    others = {
        heading: [float(results[p.name][PREFIX + key]) for p in patterns]
        for key, heading in BESIDE.items()
        if all(PREFIX + key in results[p.name] for p in patterns)
    }
    files = [folder / f'missing_data.{suffix}' for suffix in ('json', 'md', 'png')]
    with written_whole(files[0]) as beside:
        beside.write_text(json.dumps(pattern_records(patterns, results), indent=2) + '\n')
    with written_whole(files[1]) as beside:
        beside.write_text(missing_data_table(scores, others))
    draw_missing_data({'': scores}, files[2], title=title)
    return files


def pattern_records(
    patterns: Sequence[MissingPattern], results: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, Any]]:
    """What a file says of each pattern, by its name: family, shown, level and all scores."""
    return {
        p.name: {
            'family': str(p.family),
            'shown': list(p.shown),
            'level': p.level,
            'scores': dict(results[p.name]),
        }
        for p in patterns
    }


def pattern_scores(
    patterns: Sequence[MissingPattern], results: Mapping[str, Mapping[str, float]]
) -> list[PatternScore]:
    """F1 of landslides under every pattern."""
    modalities = max((len(p.shown) for p in patterns), default=0)
    return [
        PatternScore(
            p.name,
            str(p.family),
            modalities - len(p.shown),
            p.level,
            float(results[p.name][f'{PREFIX}f1']),
        )
        for p in patterns
    ]


def draw_missing_data(
    models: Mapping[str, Sequence[PatternScore]], out: str | Path, *, title: str = ''
) -> Path:
    """Draw F1 under every pattern, a mark per model; the line is F1 with all data.

    Args:
        models: Scores by name of the model, all under the same patterns; one name may be empty.
        out: ``.png`` to write.
        title: Heading.

    Raises:
        InputError: There is no model, or two were scored under different patterns.
    """
    if not models:
        raise InputError('no model to draw')
    names = [tuple(s.name for s in scores) for scores in models.values()]
    if len(set(names)) != 1:
        raise InputError('the models were scored under different patterns; run them all alike')
    first = next(iter(models.values()))
    figure = Figure(figsize=(8, 1.2 + 0.34 * len(first)), dpi=DPI, layout='constrained')
    axes = figure.subplots()
    places = np.arange(len(first))[::-1]
    single = len(models) == 1
    for number, (name, scores) in enumerate(models.items()):
        values = [s.score for s in scores]
        if single:
            axes.barh(places, values, 0.62, color=[COLOURS[s.family] for s in scores])
            for place, value in zip(places, values, strict=True):
                axes.annotate(f'{value:.2f}', (value, place), (3, 0), va='center', fontsize=8,
                              textcoords='offset points')  # fmt: skip
        else:
            axes.plot(
                values, places, 'osD^vPX*'[number % 8], markersize=6, alpha=0.85, label=name,
                color=f'C{number}',
            )  # fmt: skip
    full = first[0].score
    axes.axvline(full, color='black', linewidth=0.8, linestyle=':')
    axes.set_yticks(places, [s.name for s in first])
    axes.set(xlim=(0, 1), xlabel='F1 of landslides, pooled over pixels')
    axes.spines[['top', 'right']].set_visible(False)
    if single:
        shown = dict.fromkeys(s.family for s in first)
        patches = [axes.barh([0], [0], color=COLOURS[f], label=MEANING[f]) for f in shown]
        axes.legend(handles=patches, loc='lower center', bbox_to_anchor=(0.45, 1), ncols=4,
                    fontsize=8, frameon=False)  # fmt: skip
    else:
        axes.grid(axis='y', linewidth=0.4, alpha=0.6)
        axes.legend(loc='lower center', bbox_to_anchor=(0.45, 1), ncols=4, fontsize=8,
                    frameon=False)  # fmt: skip
    return save_png(figure, out, title)
