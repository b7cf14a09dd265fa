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
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.terrain.hillshade import relit
from fusionls.quantities import Kind
from fusionls.registry import TRANSFORMS

ELEVATIONS = ('terrain_elevation', 'lidar_ground')
"""Layers a hillshade of the same modality can be lit from."""


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
    easts = [i for i, kind in enumerate(kinds) if kind is Kind.EAST]
    norths = [i for i, kind in enumerate(kinds) if kind is Kind.NORTH]
    if len(easts) != len(norths):
        raise LayerMissingError(
            f'{list(layers)}: {len(easts)} east and {len(norths)} north components; a vector '
            'can only be turned with both'
        )
    for i, kind in enumerate(kinds):
        if kind is Kind.AZIMUTH:
            azimuth = -out[i] if mirror else out[i]
            out[i] = np.mod(azimuth - 90.0 * quarters, 360.0)
    for e, n in zip(easts, norths, strict=True):
        # copies: views would change under the assignments below
        east, north = (-out[e] if mirror else out[e].copy()), out[n].copy()
        for _ in range(quarters % 4):  # a quarter anticlockwise turns east into north
            east, north = -north, east
        out[e], out[n] = east, north
    lit = [i for i, kind in enumerate(kinds) if kind is Kind.LIT]
    if lit and (quarters % 4 or mirror):
        source = next((i for i, name in enumerate(layers) if name in ELEVATIONS), None)
        if source is None:
            raise LayerMissingError(
                f'{[layers[i] for i in lit]}: a hillshade cannot be turned, only lit again from '
                f'the elevation; keep one of {", ".join(ELEVATIONS)} in the stack beside it'
            )
        for i in lit:
            out[i] = relit(out[source], moved, pixel)
    out *= moved
    return out, moved


@TRANSFORMS.register_module()
class TurnTile(BaseTransform):
    """Mirror and turn a square tile at random: each of the eight ways is as likely.

    Required Keys: inputs, labels, layers, kinds, pixels, rng

    Modified Keys: inputs, labels

    Args:
        probability: Of doing anything.
    """

    def __init__(self, *, probability: float = 1.0) -> None:
        self.probability = probability

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Turn every modality and the labels alike; see the class."""
        rng: np.random.Generator = results['rng']
        if rng.random() >= self.probability:
            return results
        quarters, mirror = int(rng.integers(4)), bool(rng.integers(2))
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
        labels = results['labels']
        results['labels'] = np.rot90(labels[:, ::-1] if mirror else labels, quarters).copy()
        return results
