"""Derive layers of a tile from its others, after whatever was done to its geometry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from fusionls.errors import InputError
from fusionls.geo.raster import FloatArray
from fusionls.layers.catalog import CATALOG, layer_spec, stem_of
from fusionls.layers.derivation import rederived, step_of
from fusionls.quantities import Kind
from fusionls.registry import TRANSFORMS

ON_CELLS = frozenset({'tri', 'roughness', 'relief'})
"""Quantities that compare the cells of a square: they depend on the pixel and on how it lies."""


def follows_the_grid(name: str, kind: Kind) -> bool:
    """Whether a layer must be derived again when the grid turns by any angle, or is scaled."""
    if kind is Kind.LIT:
        return True
    stem = stem_of(name)
    if stem is None or CATALOG[stem].derivation is None:
        return False
    return stem.partition('_')[2] in ON_CELLS


@TRANSFORMS.register_module()
class DeriveLayers(BaseTransform):
    """Derive layers from others of their modality, as the catalogue says.

    Put behind flips, turns and changes of scale, every layer of the terrain is that of the ground
    as it then lies. A layer that is there already is replaced, one that is not is added. Near
    the rim, where a kernel hangs over the edge, the ground goes on straight (see
    ``layers.derivation.rederived``); with a ``margin`` that is cut off afterwards, nothing of
    that is left.

    Required Keys: inputs, layers, kinds, pixels, labels, window

    Modified Keys: inputs, layers, kinds; labels, instances and window where a margin is cut off

    Args:
        layers: Names by modality. A modality that the tile does not show is left out.
        margin: Base pixels cut off on each side afterwards.

    Raises:
        LayerUnknownError: The catalogue does not say how to derive a layer, or it needs a whole
            scene.
        LayerMissingError: A layer it is derived from is not in its modality.
        InputError: ``margin`` cuts the pixels of a modality, or leaves nothing.
    """

    def __init__(self, *, layers: Mapping[str, Sequence[str]], margin: int = 0) -> None:
        self.layers = {modality: tuple(names) for modality, names in layers.items()}
        self.margin = margin
        for names in self.layers.values():
            for name in names:
                step_of(name)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Derive; see the class."""
        results['inputs'] = dict(results['inputs'])
        results['layers'] = dict(results['layers'])
        results['kinds'] = dict(results['kinds'])
        for modality, names in self.layers.items():
            if modality not in results['inputs']:
                continue
            values, valid = results['inputs'][modality]
            have = results['layers'][modality]
            planes = {n: (values[i], valid) for i, n in enumerate(have) if n not in names}
            found = rederived(names, planes, results['pixels'][modality])
            results['inputs'][modality] = (_with(values, have, found), valid)
            added = tuple(name for name in names if name not in have)
            results['layers'][modality] = (*have, *added)
            results['kinds'][modality] = (
                *results['kinds'][modality],
                *(layer_spec(name).quantity.kind for name in added),
            )
        if self.margin:
            self._cut(results)
        return results

    def _cut(self, results: dict[str, Any]) -> None:
        """Take the margin off all that lies on the grid."""
        side = min(results['labels'].shape)
        factors = {m: len(results['labels']) // len(v) for m, (_, v) in results['inputs'].items()}
        coarsest = max(factors.values(), default=1)
        if self.margin % coarsest or 2 * self.margin >= side:
            raise InputError(
                f'DeriveLayers: a margin of {self.margin} pixels of a tile of {side}; expected a '
                f'multiple of {coarsest}, the coarsest pixel, and less than half of the tile'
            )
        for modality, (values, valid) in results['inputs'].items():
            inner = slice(self.margin // factors[modality], -(self.margin // factors[modality]))
            results['inputs'][modality] = (values[:, inner, inner], valid[inner, inner])
        inner = slice(self.margin, -self.margin)
        for key in {'labels', 'instances'}.intersection(results):
            results[key] = results[key][..., inner, inner]
        results['window'] = results['window'].grown(-self.margin)


def _with(values: FloatArray, have: Sequence[str], found: Mapping[str, FloatArray]) -> FloatArray:
    """Layers with those found in their places, or behind the others."""
    out = np.concatenate([values, *(plane[None] for n, plane in found.items() if n not in have)])
    for i, name in enumerate(have):
        if name in found:
            out[i] = found[name]
    return out
