"""What an evaluation found, for people and for other programs: JSON, Markdown, sums by block.

Flow: tally -> [here] -> metrics.json, metrics.md, metrics_blocks.npz; pictures; compare_runs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionls.evaluation.functional.blocks import DRAWS, FEW_BLOCKS, Interval, Sums, intervals
from fusionls.evaluation.functional.calibration import Reliability
from fusionls.evaluation.functional.curves import ThresholdCurve
from fusionls.evaluation.functional.map_sums import Rules
from fusionls.evaluation.functional.scores import KINDS, score_table, scores, strata_of
from fusionls.evaluation.functional.size_frequency import power_law
from fusionls.evaluation.functional.strata import class_names
from fusionls.evaluation.tally import Tally
from fusionls.geo.raster_io import written_whole

BLOCKS_SUFFIX = '_blocks.npz'
STRATUM_SCORES = ('precision', 'recall', 'f1', 'iou')


@dataclass(frozen=True)
class Report:
    """An evaluation in words and numbers.

    Attributes:
        tally: What was counted.
        rules: What counted as what.
        scores: Every score by name, as the test loop returned them.
        block: Side of a block of ground, base pixels.
        heading: What was tested on what, in one line.
    """

    tally: Tally
    rules: Rules
    scores: Mapping[str, float]
    block: int
    heading: str = ''

    def content(self) -> dict[str, Any]:
        """Scores by name first, as the test loop gives them; then all that lies behind them."""
        sums = self.tally.blocks.total()
        table = score_table(self.rules.boundary_distances, list(sums))
        found = self._intervals()
        details: dict[str, Any] = {
            'heading': self.heading,
            'tiles': self.tally.tiles,
            'blocks': len(self.tally.blocks),
            'block_pixels': self.block,
            'rules': asdict(self.rules),
            'kinds': {name: score.kind for name, score in table.items()},
            'intervals': {name: [i.low, i.high] for name, i in found.items()},
            'strata': {
                name: {'pixels': int(counts.total)}
                | {score: float(getattr(counts, score)) for score in STRATUM_SCORES}
                for name, counts in strata_of(sums).items()
                if counts.total
            },
        }
        if 'recall_by_size' in sums:
            details['size_classes'] = self._size_classes(sums)
            details['size_frequency'] = {
                side: asdict(power_law(areas)) for side, areas in self.tally.areas.items()
            }
        if 'curve' in sums:
            f1, threshold = ThresholdCurve(sums['curve']).best_f1()
            details['best_f1'] = {'f1': f1, 'threshold': threshold}
            details['reliability'] = _reliability(sums['reliability'])
        return without_nan({**self.scores, 'details': details})

    def _intervals(self) -> dict[str, Interval]:
        return intervals(
            self.tally.blocks, lambda sums: scores(sums, self.rules.boundary_distances)
        )

    def _size_classes(self, sums: Sums) -> list[dict[str, Any]]:
        """Objects and their pixels by class of area."""
        names = class_names(self.rules.size_edges, 'm2')
        parts = [sums[f'{name}_by_size'] for name in ('recall', 'precision', 'pixels')]
        rows = zip(names, *parts, strict=True)
        return [
            {
                'area': name,
                'true': int(true[1]),
                'found': int(true[0]),
                'predicted': int(predicted[1]),
                'right': int(predicted[0]),
                'pixel_recall': pixels[0] / pixels[1] if pixels[1] else math.nan,
            }
            for name, true, predicted, pixels in rows
        ]

    def write(self, folder: str | Path, stem: str = 'metrics') -> list[Path]:
        """Write ``<stem>.json``, ``<stem>.md`` and ``<stem>_blocks.npz``.

        Raises:
            OutputError: The folder cannot be written.
        """
        folder = Path(folder)
        content = self.content()
        json_text = json.dumps(content, indent=2, allow_nan=False) + '\n'
        paths = [folder / f'{stem}.json', folder / f'{stem}.md']
        for path, text in zip(paths, (json_text, markdown(content)), strict=True):
            with written_whole(path) as beside:
                beside.write_text(text)
        return [*paths, self.tally.blocks.write(folder / f'{stem}{BLOCKS_SUFFIX}')]


def markdown(content: Mapping[str, Any]) -> str:
    """The report as tables, each score beside its kind and interval."""
    details = content['details']
    few = details['blocks'] < FEW_BLOCKS
    parts = [
        f'# {details["heading"] or "Evaluation"}',
        f'{details["tiles"]} tiles in {details["blocks"]} blocks of {details["block_pixels"]} '
        f'pixels. Intervals: 95 % of {DRAWS} draws of whole blocks'
        + (f'; with fewer than {FEW_BLOCKS} blocks they are mostly too narrow.' if few else '.'),
        _score_rows(content),
        '\n'.join(['**Kinds.**', '', *(f'- *{kind}*: {told}.' for kind, told in KINDS.items())]),
    ]
    if details['strata']:
        rows = [
            [name, row['pixels'], *(_number(row[score]) for score in STRATUM_SCORES)]
            for name, row in details['strata'].items()
        ]
        parts += ['## By kind of pixel', _table(['pixels', 'number', *STRATUM_SCORES], rows)]
    if 'size_classes' in details:
        columns = ['area', 'true', 'found', 'predicted', 'right']
        rows = [
            [*(row[column] for column in columns), _number(row['pixel_recall'])]
            for row in details['size_classes']
        ]
        parts += ['## By size of landslide', _table([*columns, 'pixel recall'], rows)]
        rows = [
            [
                side,
                f'{_number(law["slope"])} +- {_number(law["standard_error"])}',
                _number(law['least_area'], 0),
                law['in_tail'],
            ]
            for side, law in details['size_frequency'].items()
        ]
        columns = ['objects', 'slope of the power law', 'from area, m2', 'in the tail']
        parts += [
            '## Size and frequency',
            _table(columns, rows),
            'Landslides are cut at the edges of tiles: areas, and with them the slope, are those '
            'of the pieces. Score a mapped scene for the sizes of whole landslides.',
        ]
    if 'best_f1' in details:
        best = details['best_f1']
        parts.append(
            f'The highest F1 of any threshold is {_number(best["f1"])}, at '
            f'{_number(best["threshold"])}; chosen on these tiles, so no test score.'
        )
    return '\n\n'.join(parts) + '\n'


def _score_rows(content: Mapping[str, Any]) -> str:
    """Every score with its kind and interval."""
    details = content['details']
    by_name = {name.rpartition('/')[2]: value for name, value in content.items()}
    rows = []
    for name, kind in details['kinds'].items():
        low, high = details['intervals'][name]
        between = '' if low is None else f'{low:.4f} to {high:.4f}'
        rows.append([name, kind, _number(by_name.get(name)), between])
    rows += [
        [name, 'COCO', _number(value), '']
        for name, value in by_name.items()
        if name.startswith('coco_')
    ]
    return _table(['score', 'kind', 'value', '95 % interval'], rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = [columns, ['---', *['---:'] * (len(columns) - 1)], *rows]
    return '\n'.join(f'| {" | ".join(map(str, line))} |' for line in lines)


def without_nan(value: Any) -> Any:
    """The same with None in the place of NaN and infinity, which JSON does not know."""
    if isinstance(value, Mapping):
        return {key: without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(part) for part in value]
    if isinstance(value, float):  # numpy's float64 is one
        return float(value) if math.isfinite(value) else None
    return value


def _reliability(sums: NDArray[np.float64]) -> dict[str, list[float]]:
    reliability = Reliability(sums)
    return {
        'pixels': sums[0].tolist(),
        'predicted': np.asarray(reliability.predicted).tolist(),
        'observed': np.asarray(reliability.observed).tolist(),
    }


def _number(value: float | None, digits: int = 4) -> str:
    return '-' if value is None else f'{value:.{digits}f}'
