"""Boxes of a detector and the ground that InSAR sees moving, joined decision by decision.

Flow: inference.box_scene (boxes from optical and terrain), the stack (velocity) -> [here] -> apis.
Source: Guo et al. 2022, "Identification of landslides in mountainous area with the combination of
SBAS-InSAR and YOLO model", Sensors 22, 6235: the detector finds what a landslide looks like, InSAR
what moves; active landslides are where both speak, and slopes that move without looking like one
are reported beside them. The paper joins them by eye; the rule here is ours.

With v the velocity in the line of sight, a pixel is active where it is valid and |v| >= a. Of a box
with score p, of which InSAR sees the area A and finds the area B active::

    share    = B / A
    strength = min(1, mean |v| over B / s)
    joint    = 1 - (1 - p) (1 - share * strength)

so movement only ever speaks for a landslide: one that came to rest (share = 0) keeps its score, as
does a box that InSAR does not see. Areas are exact, however a box cuts the pixels of InSAR. Held in
memory: the velocity of the whole scene, at its own pixel size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.errors import InputError, LayerMissingError, nearest_names, raise_together
from fusionls.evaluation.functional.coco import Boxes, box_area
from fusionls.evaluation.functional.objects import label_objects
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.inference.boxes import Detections

if TYPE_CHECKING:
    from fusionls.stack.layer_stack import LayerStack


class Verdict(StrEnum):
    """What InSAR says of a box."""

    ACTIVE = 'active'
    """It moves."""
    QUIET = 'quiet'
    """It is seen, and too little of it moves."""
    UNSEEN = 'unseen'
    """InSAR sees too little of it: the detector's decision stands."""
    UNDETECTED = 'undetected'
    """It moves, and no active box of the detector is there."""


@dataclass(frozen=True)
class ActivityRule:
    """When ground is active, and what follows for boxes.

    Attributes:
        least_speed: a: |v| from which a pixel is active, m/yr. Some three deviations of the
            product.
        full_speed: s: mean |v| of active ground from which movement alone is certain, m/yr.
        least_valid: Share of a box that InSAR must see to have a say, above 0.
        least_share: Share of what it sees of a box that must be active for the box to be active.
        least_pixels: Active areas of fewer pixels of InSAR are specks, unless in a box.
        covered: Share of an active area that must lie in active boxes for it to be detected.

    Raises:
        InputError: A number is out of its range; all are named at once.
    """

    least_speed: float = 0.01
    full_speed: float = 0.05
    least_valid: float = 0.3
    least_share: float = 0.2
    least_pixels: int = 6
    covered: float = 0.5

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> ActivityRule:
        """The rule of a config.

        Raises:
            InputError: A name is unknown or a number out of its range.
        """
        known = [f.name for f in fields(cls)]
        unknown = [name for name in settings if name not in known]
        if unknown:
            raise InputError(
                f'active_deformation has no {unknown[0]!r}; {nearest_names(unknown[0], known)}'
            )
        return cls(**settings)

    def __post_init__(self) -> None:
        problems = [
            f'{f.name} = {getattr(self, f.name)}; expected a share above 0, up to 1'
            for f in fields(self)
            if f.name in {'least_valid', 'least_share', 'covered'}
            and not 0 < getattr(self, f.name) <= 1
        ]
        if not 0 < self.least_speed <= self.full_speed:
            problems.append(
                f'least_speed = {self.least_speed}, full_speed = {self.full_speed}; expected '
                '0 < least_speed <= full_speed, m/yr'
            )
        if self.least_pixels < 1:
            problems.append(f'least_pixels = {self.least_pixels}; expected 1 or more')
        raise_together(InputError, 'the rule of active deformation cannot be used', problems)


@dataclass(frozen=True)
class JoinedBoxes:
    """Boxes after both decisions, the surest first; one row of each array per box.

    Attributes:
        boxes: (n, 4), base pixels.
        scores: (n,) joint scores, see the module.
        detector_scores: (n,); NaN where the detector has no box.
        verdicts: (n,) of :class:`Verdict`.
        valid_shares: (n,) share of the box that InSAR sees.
        active_shares: (n,) share of that which is active; NaN where it sees nothing.
        speeds: (n,) mean |v| of the active ground, m/yr; NaN where there is none.
    """

    boxes: Boxes
    scores: NDArray[np.float64]
    detector_scores: NDArray[np.float64]
    verdicts: NDArray[np.str_]
    valid_shares: NDArray[np.float64]
    active_shares: NDArray[np.float64]
    speeds: NDArray[np.float64]


def velocity_of(stack: LayerStack, layer: str | None) -> tuple[FloatArray, BoolArray, int]:
    """Velocity of a whole scene and where it is valid, with the side of its pixels.

    Args:
        stack: The scene.
        layer: Its velocity in the line of sight; None leaves the decision to the detector.

    Returns:
        (h, w) m/yr, (h, w) bool, and base pixels per pixel; nowhere valid where no layer is asked
        for and where the stack has no InSAR.

    Raises:
        LayerMissingError: The stack has InSAR, but not this layer.
    """
    have = {name: m for m in stack.modalities.values() for name in m.layers}
    if layer is not None and layer in have:
        modality = have[layer]
        values, valid = stack.read(stack.grid.window, [modality.name])[modality.name]
        return values[modality.layers.index(layer)], valid, modality.factor
    others = [name for name in have if name.startswith('insar_')]
    if others and layer is not None:
        raise LayerMissingError(
            f'{stack.folder}: no layer {layer!r}; {nearest_names(layer, others)}'
        )
    return np.zeros(stack.grid.shape, np.float32), np.zeros(stack.grid.shape, bool), 1


def join_deformation(
    found: Detections,
    velocity: FloatArray,
    valid: BoolArray,
    *,
    factor: int,
    rule: ActivityRule,
) -> JoinedBoxes:
    """Judge every box by the deformation in it, and add the active areas without an active box.

    Args:
        found: Boxes of the detector, base pixels of the scene.
        velocity: (h, w) in the line of sight, m/yr; anything where invalid.
        valid: (h, w).
        factor: Side of a pixel of these, base pixels.
        rule: See :class:`ActivityRule`.

    Returns:
        Every given box, and a box around each active area that no active box covers, whose score
        is its strength.
    """
    speed = np.abs(np.where(valid, velocity, 0)).astype(np.float64)
    active = valid & (speed >= rule.least_speed)
    layers = {'valid': valid, 'active': active, 'motion': speed * active}
    sums = _sums_in(found.boxes, layers, factor)
    verdicts = _verdicts(sums, rule)
    detected = found.boxes[verdicts == Verdict.ACTIVE]
    undetected = _undetected(detected, active, factor, rule)
    added = _sums_in(undetected, layers, factor)
    both = {name: np.concatenate([sums[name], added[name]]) for name in sums}
    joint = 1 - (1 - found.scores) * (1 - _activities(sums, rule))
    columns: tuple[NDArray[Any], ...] = (
        np.concatenate([found.boxes, undetected]),
        np.concatenate([joint, _strengths(added, rule)]),
        np.concatenate([found.scores, np.full(len(undetected), np.nan)]),
        np.concatenate([verdicts, np.full(len(undetected), Verdict.UNDETECTED)]),
        _ratio(both['valid'], both['box']),
        _ratio(both['active'], both['valid']),
        _ratio(both['motion'], both['active']),
    )
    order = np.argsort(-columns[1], kind='stable')
    return JoinedBoxes(*(column[order] for column in columns))


Sums = dict[str, NDArray[np.float64]]
"""Integrals over each box (n,), square base pixels: ``box``, ``valid``, ``active``, ``motion``."""


def _ratio(over: NDArray[np.float64], under: NDArray[np.float64]) -> NDArray[np.float64]:
    """NaN where there is nothing to share."""
    return np.divide(over, under, out=np.full(len(over), np.nan), where=under > 0)


def _strengths(sums: Sums, rule: ActivityRule) -> NDArray[np.float64]:
    """(n,) strength of the movement, 0 to 1; see the module."""
    speeds = np.nan_to_num(_ratio(sums['motion'], sums['active']))
    return np.minimum(speeds / rule.full_speed, 1)


def _has_say(sums: Sums, rule: ActivityRule) -> BoolArray:
    return np.asarray(sums['valid'] >= rule.least_valid * sums['box'])


def _activities(sums: Sums, rule: ActivityRule) -> NDArray[np.float64]:
    """(n,) share times strength; zero where InSAR has no say."""
    shares = np.nan_to_num(_ratio(sums['active'], sums['valid']))
    return np.where(_has_say(sums, rule), shares * _strengths(sums, rule), 0)


def _verdicts(sums: Sums, rule: ActivityRule) -> NDArray[np.str_]:
    moving = sums['active'] >= rule.least_share * sums['valid']
    seen = np.where(moving, Verdict.ACTIVE, Verdict.QUIET)
    return np.where(_has_say(sums, rule), seen, Verdict.UNSEEN)


def _undetected(boxes: Boxes, active: BoolArray, factor: int, rule: ActivityRule) -> Boxes:
    """Boxes, base pixels, around active areas of which too little lies in the given boxes."""
    covered = np.zeros(active.shape)
    for place, taken in _footprints(boxes, active.shape, factor):
        np.maximum(covered[place], taken, out=covered[place])
    labels = label_objects(active, min_pixels=rule.least_pixels)
    found = []
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        own = labels[place] == number
        if covered[place][own].sum() < rule.covered * own.sum():
            rows, cols = place
            found.append((cols.start, rows.start, cols.stop, rows.stop))
    return np.array(found, np.float64).reshape(-1, 4) * factor


def _sums_in(boxes: Boxes, layers: Mapping[str, NDArray[Any]], factor: int) -> Sums:
    """Integrals of layers over boxes, whose pixels count by the share that a box takes of them."""
    shape = layers['valid'].shape
    sums = {name: np.zeros(len(boxes)) for name in layers}
    for i, (place, taken) in enumerate(_footprints(boxes, shape, factor)):
        for name, layer in layers.items():
            sums[name][i] = (layer[place] * taken).sum() * factor**2
    return {'box': box_area(boxes), **sums}


def _footprints(
    boxes: Boxes, shape: tuple[int, ...], factor: int
) -> Iterator[tuple[tuple[slice, slice], NDArray[np.float64]]]:
    """Per box, the pixels it touches and the share that it takes of each of them."""
    for left, top, right, bottom in boxes / factor:
        rows, taken_rows = _taken(top, bottom, shape[0])
        cols, taken_cols = _taken(left, right, shape[1])
        yield (rows, cols), np.outer(taken_rows, taken_cols)


def _taken(low: float, high: float, count: int) -> tuple[slice, NDArray[np.float64]]:
    """Of ``count`` unit cells in a row, those from ``low`` to ``high``, and the share of each."""
    first, last = max(int(np.floor(low)), 0), min(int(np.ceil(high)), count)
    cells = np.arange(first, last)
    return slice(first, last), np.minimum(high, cells + 1) - np.maximum(low, cells)
