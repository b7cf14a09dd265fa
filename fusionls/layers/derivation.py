"""Derive layers from others by name: in what order, how far each reaches, in strips.

Flow: aligned layers -> [here: the families of ``layers.*`` by layer name] -> stack, loader.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from fusionls.errors import LayerMissingError, LayerUnknownError, nearest_names
from fusionls.geo.cell_size import Cell, CellSize
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import row_strips
from fusionls.layers.catalog import CATALOG, modality_of, stem_of
from fusionls.layers.spec import Derivation, Plane, Wanted

Layers = Mapping[str, Plane]
"""Values (H, W) in the layer's unit and valid (H, W), by layer name."""

STRIP_CELLS = 65536
"""Cells at a time: what fits the processor's cache (benchmarks/terrain.py)."""
_PARAMETER = re.compile(r'([a-z]+)(\d+)(?:p(\d+))?')


@dataclass(frozen=True)
class Step:
    """One layer to derive.

    Attributes:
        layer: Its full name.
        needs: Full names of the layers it is derived from.
        wanted: What its family is asked for.
        derivation: How it follows.
    """

    layer: str
    needs: tuple[str, ...]
    wanted: Wanted
    derivation: Derivation

    def reach(self, pixel: float) -> int:
        """Pixels it reaches beyond a pixel of ``pixel`` metres."""
        reach = self.derivation.reach
        return reach if isinstance(reach, int) else reach(self.wanted.parameters, pixel)


def step_of(layer: str) -> Step:
    """How one layer is derived.

    Numbers in its name are read as parameters; what is left of its name is a qualifier, which
    is handed on to those needs that are of the layer's own modality.

    Raises:
        LayerUnknownError: Nothing derives it, or a parameter is out of range.

    Example:
        >>> step = step_of('terrain_hillshade_az90_2021')
        >>> step.needs, step.wanted.parameters['az']
        (('terrain_elevation_2021',), 90.0)
    """
    stem = stem_of(layer)
    derivation = None if stem is None else CATALOG[stem].derivation
    if stem is None or derivation is None:
        derivable = [name for name, spec in CATALOG.items() if spec.derivation is not None]
        raise LayerUnknownError(
            f'layer {layer!r} cannot be derived; {nearest_names(layer, derivable)}'
        )
    given: dict[str, float] = {}
    rest = [token for token in layer.removeprefix(stem).split('_') if token]
    while rest:
        match = _PARAMETER.fullmatch(rest[0])
        if match is None or match[1] not in derivation.parameters or match[1] in given:
            break
        given[match[1]] = float(f'{match[2]}.{match[3] or 0}')
        rest.pop(0)
    parameters = {name: p.default for name, p in derivation.parameters.items()} | given
    for name, known in derivation.parameters.items():
        if not known.least <= parameters[name] <= known.most:
            raise LayerUnknownError(
                f'layer {layer!r}: {name} is {parameters[name]:g}, expected {known.least:g} to '
                f'{known.most:g} ({known.meaning})'
            )
    qualifier = ''.join(f'_{token}' for token in rest)
    own = modality_of(layer)
    needs = tuple(n + qualifier if modality_of(n) == own else n for n in derivation.needs)
    return Step(layer, needs, Wanted(stem, parameters), derivation)


def steps_for(derived: Iterable[str], available: Collection[str]) -> list[Step]:
    """Everything to derive for some layers, in order, steps on the way included.

    Args:
        derived: Layers wanted.
        available: Layers that are there already.

    Raises:
        LayerUnknownError: A layer wanted is not there and nothing derives it.
    """
    found: dict[str, Step] = {}

    def add(layer: str) -> None:
        if layer in found:
            return
        step = step_of(layer)
        for need in step.needs:
            if need not in available and is_derivable(need):
                add(need)
        found[layer] = step

    for layer in derived:
        add(layer)
    return list(found.values())


def is_derivable(layer: str) -> bool:
    """Whether the catalogue says how to derive it."""
    try:
        step_of(layer)
    except LayerUnknownError:
        return False
    return True


def sources_for(derived: Iterable[str], available: Collection[str]) -> list[str]:
    """Layers that must come from sources for some layers to be derived, in order, once."""
    steps = steps_for(derived, available)
    made = {step.layer for step in steps}
    return list(dict.fromkeys(n for step in steps for n in step.needs if n not in made))


def halo_of(derived: Iterable[str], available: Collection[str], pixel: float) -> int:
    """Pixels that some layers reach beyond a pixel, through everything they are derived from.

    Args:
        derived: Layers wanted.
        available: Layers that are there already.
        pixel: Pixel side, metres.
    """
    reach: dict[str, int] = {}
    for step in steps_for(derived, available):
        reach[step.layer] = step.reach(pixel) + max(reach.get(n, 0) for n in step.needs)
    return max(reach.values(), default=0)


def derive(layers: Layers, derived: Iterable[str], pixel: Cell) -> dict[str, Plane]:
    """Derive layers from others of the same grid, in strips; equals the whole bit for bit.

    Layers of one family that need the same and reach as far are derived in one pass.

    Args:
        layers: Values and valid by name, all (H, W).
        derived: Names of the layers wanted.
        pixel: Pixel side, metres, or the sides row by row.

    Returns:
        Values (H, W) float32 and valid (H, W) by name of the layers wanted.

    Raises:
        LayerUnknownError: Nothing derives a layer that is wanted.
        KeyError: A layer it is derived from is not among ``layers``.
    """
    wanted = list(derived)
    left = steps_for(wanted, layers)
    known: dict[str, Plane] = dict(layers)
    side = _smallest_side(pixel)
    while left:
        made_later = {step.layer for step in left}
        ready = [step for step in left if not made_later.intersection(step.needs)]
        left = [step for step in left if step not in ready]
        while ready:
            first = ready[0]
            kin = [s for s in ready if s.needs == first.needs and _in_one_pass(s, first, side)]
            ready = [step for step in ready if step not in kin]
            known |= _in_strips(kin, [known[need] for need in first.needs], pixel)
    return {name: known[name] for name in wanted}


def _in_one_pass(step: Step, other: Step, side: float) -> bool:
    """Whether two layers are derived together; one that reaches further costs the other more."""
    one, two = step.derivation, other.derivation
    alike = one.family == two.family and one.whole == two.whole
    return alike and step.reach(side) == other.reach(side)


def _smallest_side(pixel: Cell) -> float:
    """Side of a cell, metres; where it differs row by row, the smallest, which reaches furthest."""
    if isinstance(pixel, CellSize):
        return float(min(pixel.east.min(), pixel.north.min()))
    return float(pixel)


def strip_rows(cols: int, reach: int) -> int:
    """Rows of a strip: not so few that the rows it reaches beyond cost as much as its own."""
    return max(STRIP_CELLS // max(cols, 1), 4 * reach, 16)


def _in_strips(kin: Sequence[Step], parts: Sequence[Plane], pixel: Cell) -> dict[str, Plane]:
    family, wanted = kin[0].derivation.family, [step.wanted for step in kin]
    rows, cols = parts[0][0].shape
    if kin[0].derivation.whole:
        return {s.layer: p for s, p in zip(kin, family(parts, wanted, pixel), strict=True)}
    side = _smallest_side(pixel)
    reach = max(step.reach(side) for step in kin)
    found: dict[str, Plane] = {
        step.layer: (np.empty((rows, cols), np.float32), np.empty((rows, cols), bool))
        for step in kin
    }
    for strip in row_strips(rows, cols, strip_rows(cols, reach)):
        top, bottom = max(strip.row - reach, 0), min(strip.row + strip.height + reach, rows)
        cells = pixel.rows(slice(top, bottom)) if isinstance(pixel, CellSize) else pixel
        planes = family([(p[top:bottom], v[top:bottom]) for p, v in parts], wanted, cells)
        inner = slice(strip.row - top, strip.row - top + strip.height)
        here = slice(strip.row, strip.row + strip.height)
        for (values, valid), (part, sound) in zip(found.values(), planes, strict=True):
            values[here], valid[here] = part[inner], sound[inner]
    return found


def rederived(names: Sequence[str], layers: Layers, pixel: float) -> dict[str, FloatArray]:
    """Derive layers again on a tile that was turned or scaled, without losing its rim.

    Beyond the rim the layers that are there go on straight (linear extrapolation, exact for a
    plane), and a void takes the value of the nearest valid cell. Cells whose whole kernel is
    valid get what :func:`derive` gives there.

    Args:
        names: Layers wanted.
        layers: Values and valid (H, W) by name, at least 2 x 2.
        pixel: Pixel side, metres.

    Returns:
        (H, W) by name, zero where a layer it is derived from is invalid.

    Raises:
        LayerUnknownError: Nothing derives a layer, or it needs a whole scene.
        LayerMissingError: A layer it is derived from is not there.
    """
    steps = steps_for(names, layers)
    whole = [step.layer for step in steps if step.derivation.whole]
    if whole:
        raise LayerUnknownError(
            f'{", ".join(whole)}: needs the whole scene, not a tile; keep it in the stack'
        )
    missing = [need for need in sources_for(names, layers) if need not in layers]
    if missing:
        raise LayerMissingError(
            f'{list(names)}: derived from {", ".join(missing)}, which the tile does not hold; '
            'keep it in the stack beside them'
        )
    needed = sources_for(names, layers)
    margin = halo_of(names, layers, pixel)
    extended: dict[str, Plane] = {}
    for need in needed:
        around = _extended(*layers[need], margin)
        extended[need] = (around, np.ones(around.shape, bool))
    found = derive(extended, names, pixel)
    valid = np.logical_and.reduce([layers[need][1] for need in needed])
    rows, cols = valid.shape
    inner = (slice(margin, margin + rows), slice(margin, margin + cols))
    return {name: np.where(valid, found[name][0][inner], np.float32(0)) for name in names}


def _extended(values: FloatArray, valid: BoolArray, margin: int) -> FloatArray:
    """Values without voids, with a margin into which they go on straight."""
    filled = np.where(valid, values, np.float32(0)).astype(np.float32, copy=False)
    if valid.any() and not valid.all():
        nearest = ndimage.distance_transform_edt(
            ~valid, return_distances=False, return_indices=True
        )
        filled = filled[tuple(nearest)]
    return np.pad(filled, margin, mode='reflect', reflect_type='odd') if margin else filled
