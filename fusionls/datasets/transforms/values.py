"""Change values a little, layer by layer, in their own units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from fusionls.datasets.transforms.random_fields import own_generator, smooth_noise
from fusionls.errors import InputError, LayerMissingError, nearest_names
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.catalog import CATALOG, stem_of
from fusionls.quantities import Kind
from fusionls.registry import TRANSFORMS

OTHER_UNITS = 20.0
"""So many times the largest value of a tile, an offset is a mistake about units."""


def _refuse_unknown(transform: str, named: Iterable[str], results: Mapping[str, Any]) -> None:
    """Raise LayerMissingError where a layer is named that no modality of the tile has."""
    known = {name for names in results['layers'].values() for name in names}
    unknown = sorted(set(named) - known)
    if unknown:
        raise LayerMissingError(f'{transform} names {unknown}; {nearest_names(unknown[0], known)}')


@TRANSFORMS.register_module()
class JitterLayers(BaseTransform):
    """Change contrast and level of a layer, as other light or another datum would.

    v becomes m exp(b) + (v - m) exp(g) + o, with m the mean of the tile's valid pixels, and g, o
    and b drawn once per layer and tile from normal distributions.

    Required Keys: inputs, layers, rng

    Modified Keys: inputs

    Args:
        gain: Deviation of g, without unit; for the layers in ``offset`` and ``brightness``.
        offset: Deviation of o per layer, in the layer's unit: what a product in other units
            would drown in. Layers not named stay as they are.
        brightness: Deviation of b per layer, without unit: 0.1 is a tenth more or less light, in
            reflectance and in counts alike.

    Raises:
        InputError: An offset dwarfs every value of a tile; it is of other units.
        LayerMissingError: A layer named is not in the tile.
    """

    def __init__(
        self,
        *,
        gain: float,
        offset: Mapping[str, float] | None = None,
        brightness: Mapping[str, float] | None = None,
    ) -> None:
        self.gain = gain
        self.offset = dict(offset or {})
        self.brightness = dict(brightness or {})

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Jitter; see the class."""
        rng: np.random.Generator = results['rng']
        named = {**self.offset, **self.brightness}
        _refuse_unknown('JitterLayers', named, results)
        for modality, (values, valid) in results['inputs'].items():
            if not valid.any():
                continue
            values = values.copy()
            for i, name in enumerate(results['layers'][modality]):
                if name in named:
                    values[i] = self._jittered(values[i], valid, name, rng)
            results['inputs'][modality] = (values * valid, valid)
        return results

    def _jittered(
        self, values: FloatArray, valid: BoolArray, name: str, rng: np.random.Generator
    ) -> FloatArray:
        gain = np.float32(np.exp(rng.normal(0.0, self.gain)))
        mean, shift = values[valid].mean(), np.float32(0)
        if name in self.offset:
            largest = float(np.abs(values[valid]).max())
            if self.offset[name] > OTHER_UNITS * largest > 0:
                raise InputError(
                    f'JitterLayers: an offset of {self.offset[name]:g} for {name}, of which no '
                    f'value in this tile is beyond {largest:g}; offsets are in the unit of the '
                    'layer (reflectance is not counts). Give another, or `brightness`, which '
                    'has no unit'
                )
            shift += np.float32(rng.normal(0.0, self.offset[name]))
        if name in self.brightness:
            shift += mean * np.float32(np.expm1(rng.normal(0.0, self.brightness[name])))
        jittered: FloatArray = mean + (values - mean) * gain + shift
        return jittered


@TRANSFORMS.register_module()
class NoiseLayers(BaseTransform):
    """Add normal noise to layers, in training or at a stated level in a test.

    v becomes v + a d n, with d the layer's deviation, n noise of mean 0 and deviation 1, and a
    the level. Values stay within the bounds that the catalogue states for their layer (a
    coherence within 0 and 1), azimuths within a turn. Noise on an elevation reaches slope and
    hillshade only if they are derived after it (``DeriveLayers``).

    Required Keys: inputs, layers, kinds, rng

    Modified Keys: inputs

    Args:
        deviation: d per layer, in the layer's unit. Layers not named stay as they are.
        level: a, or the least and the most of one drawn once per tile.
        length: Pixels over which noise is alike, as haze and atmospheric phase are; 0 draws
            each pixel on its own.
        probability: Of doing anything.

    Raises:
        InputError: A level, a deviation or ``length`` is negative; or a layer is categorical.
        LayerMissingError: A layer named is not in the tile.
    """

    def __init__(
        self,
        *,
        deviation: Mapping[str, float],
        level: float | Sequence[float] = 1.0,
        length: float = 0.0,
        probability: float = 1.0,
    ) -> None:
        ends = (level, level) if isinstance(level, float | int) else tuple(level)
        if len(ends) != 2 or not 0 <= ends[0] <= ends[1] or length < 0:
            raise InputError(
                f'NoiseLayers: level is {level}, length {length}; expected 0 or more, a level or '
                'the least and the most of it'
            )
        negative = sorted(name for name, d in deviation.items() if not d >= 0)
        if negative:
            raise InputError(
                f'NoiseLayers: deviation of {", ".join(negative)} is not 0 or more, in their unit'
            )
        self.deviation = dict(deviation)
        self.level = (float(ends[0]), float(ends[1]))
        self.length = length
        self.probability = probability

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add noise; see the class."""
        rng: np.random.Generator = results['rng']
        _refuse_unknown('NoiseLayers', self.deviation, results)
        seed = int(rng.integers(2**63))
        if rng.random() >= self.probability:
            return results
        level = rng.uniform(*self.level)
        for modality, (values, valid) in results['inputs'].items():
            values = values.copy()
            kinds = results['kinds'][modality]
            for i, (name, kind) in enumerate(zip(results['layers'][modality], kinds, strict=True)):
                if name in self.deviation:
                    if kind is Kind.CATEGORICAL:
                        raise InputError(f'NoiseLayers: {name} is categorical; leave it out')
                    noise = self._noise(own_generator(seed, name), valid.shape)
                    noise *= np.float32(level * self.deviation[name])
                    values[i] = _within_bounds(values[i] + noise, name, kind)
            results['inputs'][modality] = (values * valid, valid)
        return results

    def _noise(self, rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
        if self.length > 1:
            return smooth_noise(rng, shape, self.length)
        return rng.standard_normal(shape, np.float32)


def _within_bounds(values: FloatArray, name: str, kind: Kind) -> FloatArray:
    """Values cut to the bounds of the catalogue; azimuths turned into [0, 360)."""
    if kind is Kind.AZIMUTH:
        return np.mod(values, np.float32(360))
    stem = stem_of(name)
    if stem is None or (CATALOG[stem].least is None and CATALOG[stem].most is None):
        return values
    return np.clip(values, CATALOG[stem].least, CATALOG[stem].most)
