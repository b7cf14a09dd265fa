"""Turn and mirror tiles so that values keep their meaning.

A flip that only moves pixels makes aspect, vector components and hillshade lie. The kind of each
layer decides what happens beside the move: azimuths turn, components swap and change sign,
hillshade is lit again from the turned elevation under the same sun.
Directions: rows run south, columns east; azimuths are degrees clockwise from north.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from fusionls.errors import LayerMissingError
from fusionls.geo.north import north_partners
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.derivation import rederived
from fusionls.quantities import Kind
from fusionls.registry import TRANSFORMS


def turned(
    values: FloatArray,
    valid: BoolArray,
    layers: Sequence[str],
    kinds: Sequence[Kind],
    quarters: int,
    mirror: bool,
    pixel: float,
) -> tuple[FloatArray, BoolArray]:
    """Mirror east-west (if asked), then turn anticlockwise by quarters.

    Args:
        values: (C, h, w), h = w unless ``quarters`` is even.
        valid: (h, w).
        layers: Names of the C layers.
        kinds: Kinds of the C layers.
        quarters: Quarter turns anticlockwise.
        mirror: Whether west and east change places first.
        pixel: Metres; hillshade needs it.

    Returns:
        Values and valid of the turned tile, each layer meaning what it meant.

    Raises:
        LayerMissingError: A hillshade has no elevation beside it to be lit from, or a vector
            component no partner.
    """
    kinds = list(kinds)
    out = np.rot90(values[:, :, ::-1] if mirror else values, quarters, (1, 2)).copy()
    moved = np.rot90(valid[:, ::-1] if mirror else valid, quarters, (0, 1)).copy()
    _turn_vectors(out, layers, kinds, quarters, mirror)
    for i, kind in enumerate(kinds):
        if kind is Kind.AZIMUTH:
            azimuth = -out[i] if mirror else out[i]
            out[i] = np.mod(azimuth - 90.0 * quarters, 360.0)
    lit = [name for name, kind in zip(layers, kinds, strict=True) if kind is Kind.LIT]
    if lit and (quarters % 4 or mirror):
        planes = {n: (out[i], moved) for i, n in enumerate(layers) if n not in lit}
        try:
            again = rederived(lit, planes, pixel)
        except LayerMissingError as error:
            raise LayerMissingError(
                f'a hillshade cannot be turned, only lit again from the elevation: {error}'
            ) from error
        for name, light in again.items():
            out[list(layers).index(name)] = light
    out *= moved
    return out, moved


def _turn_vectors(
    out: FloatArray, layers: Sequence[str], kinds: Sequence[Kind], quarters: int, mirror: bool
) -> None:
    """Turn the components of each vector together, in place."""
    alone = lone_components(layers, kinds)
    if alone and quarters % 2:
        raise LayerMissingError(
            f'{", ".join(alone)}: one component of a vector, which a quarter turn would make the '
            'other; keep both in the stack, or turn tiles by TurnTile(quarters=False)'
        )
    pairs = north_partners(layers, kinds)
    for i, kind in enumerate(kinds):
        if kind not in (Kind.EAST, Kind.NORTH):
            continue
        if kind is Kind.EAST and mirror:
            out[i] = -out[i]
        if quarters % 4 == 2:
            out[i] = -out[i]
    if quarters % 2:
        for e, n in pairs.items():
            # a quarter anticlockwise turns east into north
            east, north = out[e].copy(), out[n].copy()
            out[e], out[n] = (-north, east) if quarters % 4 == 1 else (north, -east)


def lone_components(layers: Sequence[str], kinds: Sequence[Kind]) -> list[str]:
    """Components of vectors whose other component is not among the layers."""
    pairs = north_partners(layers, kinds)
    paired = {*pairs, *pairs.values()}
    return [
        name
        for i, (name, kind) in enumerate(zip(layers, kinds, strict=True))
        if kind in (Kind.EAST, Kind.NORTH) and i not in paired
    ]


@TRANSFORMS.register_module()
class TurnTile(BaseTransform):
    """Mirror and turn a square tile at random: each of the ways is as likely.

    Required Keys: inputs, labels, layers, kinds, pixels, rng

    Modified Keys: inputs, labels, instances (where there are any)

    Args:
        probability: Of doing anything.
        quarters: Whether quarter turns are among the ways (eight of them), or half turns and
            mirrors only (four), which a vector of which one component is known needs.
    """

    def __init__(self, *, probability: float = 1.0, quarters: bool = True) -> None:
        self.probability = probability
        self.quarters = quarters

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Turn every modality and the labels alike; see the class."""
        rng: np.random.Generator = results['rng']
        if rng.random() >= self.probability:
            return results
        step = 1 if self.quarters else 2
        quarters, mirror = step * int(rng.integers(4 // step)), bool(rng.integers(2))
        results['inputs'] = {
            m: turned(
                values,
                valid,
                results['layers'][m],
                results['kinds'][m],
                quarters,
                mirror,
                results['pixels'][m],
            )
            for m, (values, valid) in results['inputs'].items()
        }
        for key in ('labels', 'instances'):
            if key in results:
                masks = results[key][..., ::-1] if mirror else results[key]
                results[key] = np.rot90(masks, quarters, (-2, -1)).copy()
        return results
