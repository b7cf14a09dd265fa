"""Pictures of an evaluation: precision against recall, and probability against frequency.

Flow: sums of an evaluation -> [here] -> PNG.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fusionls.errors import InputError
from fusionls.evaluation.functional.blocks import Sums
from fusionls.evaluation.functional.calibration import BINS, Reliability
from fusionls.evaluation.functional.confusion import Counts
from fusionls.evaluation.functional.curves import THRESHOLDS, ThresholdCurve
from fusionls.visualization.drawing import save_png

BLUE, ORANGE, GREY = '#0b5fa5', '#d95f02', '#8a8a8a'
DPI = 150
MARKED = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Thresholds marked on the curve."""


def draw_precision_recall(
    sums: Sums, out: str | Path, *, title: str = '', threshold: float = 0.5
) -> Path:
    """Draw the precision-recall curve with thresholds marked on it, and F1 by threshold.

    Args:
        sums: With ``curve``, see ``evaluation.functional.map_sums``.
        out: ``.png`` to write.
        title: Heading.
        threshold: The one the scores were taken at.

    Returns:
        ``out``.

    Raises:
        InputError: The sums have no curve, or ``out`` is no PNG.
    """
    curve = ThresholdCurve(_sums_of(sums, 'curve', out))
    counts = curve.at_thresholds
    figure = Figure(figsize=(9.5, 4.4), dpi=DPI, layout='constrained')
    left, right = figure.subplots(1, 2)
    _precision_recall(left, counts, float(curve.average_precision))
    right.plot(THRESHOLDS, counts.f1, color=BLUE, label='F1')
    right.plot(THRESHOLDS, counts.precision, color=ORANGE, linewidth=1, label='precision')
    right.plot(THRESHOLDS, counts.recall, color=GREY, linewidth=1, label='recall')
    right.axvline(threshold, color='black', linewidth=0.8, linestyle=':')
    right.annotate(
        'scores taken here', (threshold, 0.02), rotation=90, fontsize=7, ha='right', va='bottom'
    )
    right.set(xlim=(0, 1), ylim=(0, 1.02), xlabel='threshold of the probability', ylabel='score')
    right.legend(loc='lower center', bbox_to_anchor=(0.5, 1), ncols=3, fontsize=8, frameon=False)
    return save_png(figure, out, title)


def _precision_recall(axes: Axes, counts: Counts, average_precision: float) -> None:
    axes.step(counts.recall, counts.precision, where='post', color=BLUE)
    share = (counts.tp[0] + counts.fn[0]) / max(counts.total[0], 1)
    axes.axhline(share, color=GREY, linewidth=0.8, linestyle='--')
    axes.annotate(
        f'chance: {share:.3f} of the pixels are landslide', (0.01, share), xytext=(0, 3),
        textcoords='offset points', fontsize=7, color=GREY,
    )  # fmt: skip
    marks: set[tuple[float, float]] = set()
    for marked in MARKED:
        place = int(np.searchsorted(THRESHOLDS, marked - 1e-9))
        at = (float(counts.recall[place]), float(counts.precision[place]))
        if np.isfinite(at).all() and at not in marks:  # one label where no pixel lies between
            marks.add(at)
            axes.plot(*at, 'o', color=BLUE, markersize=4)
            axes.annotate(f'{marked:g}', at, xytext=(4, 3), textcoords='offset points', fontsize=7)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel='recall', ylabel='precision')
    axes.set_title(f'average precision {average_precision:.3f}', fontsize=9)


def draw_reliability(sums: Sums, out: str | Path, *, title: str = '') -> Path:
    """Draw the reliability diagram, and how many pixels each probability has.

    Args:
        sums: With ``reliability``, see ``evaluation.functional.map_sums``.
        out: ``.png`` to write.
        title: Heading.

    Returns:
        ``out``.

    Raises:
        InputError: The sums have no reliability, or ``out`` is no PNG.
    """
    table = _sums_of(sums, 'reliability', out)
    reliability = Reliability(table)
    predicted, observed = np.asarray(reliability.predicted), np.asarray(reliability.observed)
    figure = Figure(figsize=(5.2, 6.2), dpi=DPI, layout='constrained')
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle='--')
    above.annotate('as sure as right', (0.6, 0.64), rotation=42, fontsize=7, color=GREY)
    above.vlines(predicted, predicted, observed, color=ORANGE, linewidth=3, alpha=0.5)
    above.plot(predicted, observed, 'o-', color=BLUE, markersize=4, linewidth=1)
    above.set(xlim=(0, 1), ylim=(0, 1), ylabel='share of pixels that are landslide')
    above.set_title(
        f'expected calibration error {float(reliability.expected_calibration_error):.4f}',
        fontsize=9,
    )
    middle = (np.arange(BINS) + 0.5) / BINS
    below.bar(middle, table[0], width=0.9 / BINS, color=BLUE)
    if table[0].any():
        below.set_yscale('log')
        below.set_ylim(bottom=0.8)  # a bin of one pixel is seen
    below.set(xlabel='predicted probability', ylabel='pixels')
    return save_png(figure, out, title)


def _sums_of(sums: Sums, name: str, out: str | Path) -> NDArray[np.float64]:
    if name not in sums:
        raise InputError(
            f'{out}: the evaluation has no {name}: the model gave labels and no probabilities'
        )
    return np.asarray(sums[name], np.float64)
