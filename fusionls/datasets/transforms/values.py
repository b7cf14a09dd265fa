"""Change values a little, layer by layer, in their own units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from fusionls.errors import LayerMissingError, nearest_names
from fusionls.registry import TRANSFORMS


@TRANSFORMS.register_module()
class JitterLayers(BaseTransform):
    """Scale the contrast of a layer and shift its level, as other light or another datum would.

    v becomes m + (v - m) exp(g) + o, with m the mean of the tile's valid pixels, g and o drawn
    once per layer and tile from normal distributions.

    Required Keys: inputs, layers, rng

    Modified Keys: inputs

    Args:
        gain: Deviation of g, without unit; for the layers in ``offset``.
        offset: Deviation of o per layer, in the layer's unit. Layers not named stay as they are.
    """

    def __init__(self, *, gain: float, offset: Mapping[str, float]) -> None:
        self.gain = gain
        self.offset = dict(offset)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Jitter; see the class."""
        rng: np.random.Generator = results['rng']
        known = {name for names in results['layers'].values() for name in names}
        unknown = sorted(set(self.offset) - known)
        if unknown:
            raise LayerMissingError(
                f'JitterLayers names {unknown}; {nearest_names(unknown[0], known)}'
            )
        for modality, (values, valid) in results['inputs'].items():
            if not valid.any():
                continue
            values = values.copy()
            for i, name in enumerate(results['layers'][modality]):
                if name in self.offset:
                    gain = np.float32(np.exp(rng.normal(0.0, self.gain)))
                    offset = np.float32(rng.normal(0.0, self.offset[name]))
                    mean = values[i][valid].mean()
                    values[i] = mean + (values[i] - mean) * gain + offset
            results['inputs'][modality] = (values * valid, valid)
        return results
