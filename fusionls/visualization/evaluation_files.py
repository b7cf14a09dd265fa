"""All that an evaluation leaves behind: tables, sums by block, pictures.

Flow: metrics after the test loop -> [here] -> files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fusionls.evaluation.metrics.streaming import StreamingMetric
from fusionls.evaluation.metrics.tile_gallery import TileGallery
from fusionls.evaluation.report import Report
from fusionls.visualization.score_pictures import draw_precision_recall, draw_reliability
from fusionls.visualization.tile_pictures import draw_tiles


def write_evaluation(
    metrics: Sequence[Any],
    scores: Mapping[str, float],
    folder: str | Path,
    *,
    stem: str = 'metrics',
    heading: str = '',
) -> list[Path]:
    """Write everything that the metrics of one evaluation can tell.

    Args:
        metrics: Of the test loop, after it has run; on the main process.
        scores: What the loop returned.
        folder: Where the files go.
        stem: Their names begin with it.
        heading: What was tested on what, in one line.

    Returns:
        ``<stem>.json``, ``.md``, ``_blocks.npz``; ``_precision_recall.png`` and
        ``_reliability.png`` where the model gives probabilities; ``_tiles.png`` where a
        :class:`TileGallery` kept tiles.

    Raises:
        OutputError: The folder cannot be written.
    """
    folder = Path(folder)
    written: list[Path] = []
    for metric in metrics:
        if isinstance(metric, StreamingMetric) and metric.evaluated is not None:
            report = Report(metric.evaluated, metric.rules, scores, metric.block, heading)
            written += report.write(folder, stem)
            sums = metric.evaluated.blocks.total()
            if 'curve' in sums:
                written.append(
                    draw_precision_recall(
                        sums,
                        folder / f'{stem}_precision_recall.png',
                        title=heading,
                        threshold=metric.rules.threshold,
                    )
                )
                out = folder / f'{stem}_reliability.png'
                written.append(draw_reliability(sums, out, title=heading))
        elif isinstance(metric, TileGallery) and metric.best:
            groups = {'best': metric.best, 'worst': metric.worst}
            out = folder / f'{stem}_tiles.png'
            written.append(draw_tiles(groups, metric.layers, out, title=heading))
    return written
