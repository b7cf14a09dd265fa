"""Every score of a map from its sums, with its kind: pooled, macro, per image, object, ...

Flow: map_sums, blocks -> [here] -> tables, intervals, mmengine's metrics.
The kinds differ on one and the same prediction (docs/metric_kinds.md), so no number stands
without its kind. *Pooled*: counts of all tiles are added first and scored once. *Macro*: the mean
of the landslide class and the other. *Per image*: a score of each tile, averaged; tiles without
a landslide in map and labels have none and are left out, or count as 1 where the name says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionls.evaluation.functional.blocks import Sums
from fusionls.evaluation.functional.boundary import BoundaryScores
from fusionls.evaluation.functional.calibration import Reliability
from fusionls.evaluation.functional.confusion import Counts, ratio
from fusionls.evaluation.functional.curves import ThresholdCurve
from fusionls.evaluation.functional.map_sums import IMAGE_SCORES, STRATUM
from fusionls.evaluation.functional.objects import ObjectCounts
from fusionls.evaluation.functional.screening import SCREEN_SCORES, ScreenCounts

POOLED = ('precision', 'recall', 'f1', 'iou', 'miou', 'mcc', 'kappa')
MACRO = ('macro_precision', 'macro_recall', 'macro_f1')
TILE = ('accuracy', 'precision', 'recall', 'f1')
OBJECT = ('precision', 'recall', 'f1')
KINDS = {
    'pooled': 'pixels of all tiles counted together, landslide class',
    'macro': 'pooled pixels, mean of the landslide class and the other',
    'per image': 'mean over tiles; tiles with no landslide, true or predicted, left out',
    'per image, empty is 1': 'mean over tiles; a tile with no landslide at all counts as 1',
    'tile': 'whole tiles, with a landslide or without',
    'screening': 'what a screen of tiles lets through, and what it saves',
    'boundary': 'outlines of all tiles counted together',
    'object': 'landslides matched one to one',
    'inventory': 'predicted over true, less one: 0 is right, 0.1 is a tenth too many',
    'calibration': 'probability against frequency; 0 is best',
}


@dataclass(frozen=True)
class Score:
    """A score's place in the table.

    Attributes:
        kind: One of :data:`KINDS`.
        from_sums: Its values from sums with any number of leading axes.
    """

    kind: str
    from_sums: Callable[[Sums], Any]


def score_table(boundary_distances: Sequence[float], names: Sequence[str]) -> dict[str, Score]:
    """The scores that sums of these names allow, in the order of the table.

    Args:
        boundary_distances: Distances of ``boundary_f``, pixels.
        names: Names of the sums.
    """
    table: dict[str, Score] = {}
    if 'pixels' in names:
        table |= {name: Score('pooled', _of(counts_of, name)) for name in POOLED}
    if 'curve' in names:
        table['ap'] = Score('pooled', lambda s: ThresholdCurve(s['curve']).average_precision)
    if 'pixels' in names:
        table |= {name: Score('macro', _of(counts_of, name)) for name in MACRO}
    if 'tiles' in names:
        table |= {f'tile_{n}': Score('tile', _of(_counts_of_tiles, n)) for n in TILE}
        table['tile_auc'] = Score('tile', lambda s: ThresholdCurve(s['tile_curve']).roc_auc)
    if 'screen' in names:
        table |= {f'screen_{n}': Score('screening', _of(_screened, n)) for n in SCREEN_SCORES}
    if 'image_f1' in names:
        table |= {f'per_image_{n}': Score('per image', _per_image(n)) for n in IMAGE_SCORES}
        table |= {
            f'per_image_{n}_empty_is_1': Score('per image, empty is 1', _empty_is_1(n))
            for n in ('f1', 'iou')
        }
    if 'boundary_f' in names:
        for i, distance in enumerate(boundary_distances):
            for name, part in (('boundary_f', 'f1'), ('boundary_iou', 'iou')):
                table[f'{name}_{distance:g}px'] = Score('boundary', _boundary(i, part))
    for key, prefix in (('objects', 'object'), ('centroids', 'centroid')):
        if key in names:
            table |= {f'{prefix}_{n}': Score('object', _of(_objects_of(key), n)) for n in OBJECT}
    if 'inventory' in names:
        table['count_bias'] = Score('inventory', lambda s: _bias(s['inventory'], 0))
        table['area_bias'] = Score('inventory', lambda s: _bias(s['inventory'], 1))
    if 'reliability' in names:
        table['ece'] = Score(
            'calibration', lambda s: Reliability(s['reliability']).expected_calibration_error
        )
        table['brier'] = Score('calibration', _brier)
    return table


def scores(
    sums: Sums, boundary_distances: Sequence[float], names: Collection[str] | None = None
) -> dict[str, NDArray[np.float64]]:
    """Scores that the sums allow, by name, with the leading axes of the sums.

    Args:
        sums: Of a tile, of many, or of many draws.
        boundary_distances: Distances of ``boundary_f``, pixels.
        names: Only these; all by default.
    """
    table = score_table(boundary_distances, list(sums))
    return {
        name: np.asarray(score.from_sums(sums), np.float64)
        for name, score in table.items()
        if names is None or name in names
    }


def plain(values: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    """Scores as floats; what is undefined is ``math.nan`` itself, so equal scores compare equal."""
    return {name: math.nan if np.isnan(v) else float(v) for name, v in values.items()}


def counts_of(sums: Sums, name: str = 'pixels') -> Counts:
    """Pixel counts from sums."""
    return Counts(*np.moveaxis(np.asarray(sums[name]), -1, 0))


def strata_of(sums: Sums) -> dict[str, Counts]:
    """Pixel counts of each kind of pixels that was counted apart."""
    return {
        name.removeprefix(STRATUM): counts_of(sums, name)
        for name in sorted(sums)
        if name.startswith(STRATUM)
    }


def _counts_of_tiles(sums: Sums) -> Counts:
    return counts_of(sums, 'tiles')


def _screened(sums: Sums) -> ScreenCounts:
    return ScreenCounts(*np.moveaxis(np.asarray(sums['screen']), -1, 0))


def _of(part: Callable[[Sums], Any], name: str) -> Callable[[Sums], Any]:
    return lambda sums: getattr(part(sums), name)


def _objects_of(key: str) -> Callable[[Sums], ObjectCounts]:
    return lambda sums: ObjectCounts(*np.moveaxis(np.asarray(sums[key]), -1, 0))


def _per_image(name: str) -> Callable[[Sums], Any]:
    key = f'image_{name}'
    return lambda sums: ratio(sums[key][..., 0], sums[key][..., 1])


def _empty_is_1(name: str) -> Callable[[Sums], Any]:
    key = f'image_{name}'
    return lambda sums: ratio(
        sums[key][..., 0] + sums[key][..., 2], sums[key][..., 1] + sums[key][..., 2]
    )


def _boundary(place: int, part: str) -> Callable[[Sums], Any]:
    return lambda sums: getattr(
        BoundaryScores(sums['boundary_f'][..., place, :], sums['boundary_iou'][..., place, :]), part
    )


def _bias(inventory: NDArray[np.float64], place: int) -> Any:
    return ratio(inventory[..., place + 2], inventory[..., place]) - 1


def _brier(sums: Sums) -> Any:
    return ratio(sums['squared_error'], sums['reliability'][..., 0, :].sum(axis=-1))
