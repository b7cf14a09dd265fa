"""Take pixels away, as swath edges, clouds, lost coherence and chance do.

Each modality draws from a generator of its own, made of the sample's and of its name, and a
larger share hides what a smaller one hides and more. So in a test, which of the others are there
changes no hole, and a curve over shares is one hole that grows.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from fusionls.datasets.transforms.modalities import chance_of
from fusionls.datasets.transforms.random_fields import own_generator, rough_noise, smooth_noise
from fusionls.errors import InputError, nearest_names
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.registry import TRANSFORMS

Share = float | Sequence[float]
"""A share, or the least and the most of one drawn at random."""

SOFT_RIM = 0.1
"""Deviation of the noise that frays a cloud's rim, in deviations of its thickness."""
ROUGHNESS = 0.8
"""Of patches without coherence: deviation of an octave over the next longer one, 2^-H with a
Hurst exponent H of a third."""


def swath_edge(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Depth behind a straight edge of any direction: where a flight line or an orbit ends."""
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    azimuth = rng.uniform(0, 2 * np.pi)
    depth: FloatArray = (np.sin(azimuth) * cols - np.cos(azimuth) * rows).astype(np.float32)
    return depth


def cloud(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Thickness of smooth blobs, an eighth to a half of the tile wide, frayed at their rim."""
    length = max(shape) / np.exp2(rng.uniform(1, 3))
    thickness = smooth_noise(rng, shape, length)
    thickness += np.float32(SOFT_RIM) * rng.standard_normal(shape, np.float32)
    return thickness


def low_coherence(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Loss of coherence: patches of all sizes up to a third of the tile, as vegetation has."""
    return rough_noise(rng, shape, max(shape) / 3, ROUGHNESS)


HOLES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], FloatArray]] = {
    hole.__name__: hole for hole in (swath_edge, cloud, low_coherence)
}
"""Fields whose highest pixels are hidden first, by name."""

HOLES_OF: dict[str, tuple[str, ...]] = {
    'optical': ('cloud', 'swath_edge'),
    'thermal': ('cloud', 'swath_edge'),
    'insar': ('low_coherence', 'swath_edge'),
    'radar': ('swath_edge',),
    'lidar': ('swath_edge',),
    'terrain': ('swath_edge',),
}
"""What makes holes in a modality, where a config does not say."""


def highest(depth: NDArray[np.floating], share: float) -> BoolArray:
    """The given share of pixels, to the pixel, where a field is highest."""
    count = round(share * depth.size)
    if count == 0:
        return np.zeros(depth.shape, bool)
    least = np.partition(depth, depth.size - count, axis=None)[depth.size - count]
    hidden: BoolArray = depth >= least
    return hidden


class _HideParts(BaseTransform):
    """What transforms that hide pixels share: which modalities, how much, and what stays."""

    def __init__(self, probability: float | Mapping[str, float], share: Share) -> None:
        self.probability = probability
        ends = (share, share) if isinstance(share, float | int) else tuple(share)
        if len(ends) != 2 or not 0 <= ends[0] <= ends[1] <= 1:
            raise InputError(
                f'{type(self).__name__}: share is {share}; expected a number from 0 to 1, or the '
                'least and the most of it'
            )
        self.share = (float(ends[0]), float(ends[1]))

    @abstractmethod
    def hidden(self, rng: np.random.Generator, modality: str, valid: BoolArray) -> BoolArray:
        """(h, w): which pixels go."""

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Hide; see the class."""
        rng: np.random.Generator = results['rng']
        inputs = results['inputs']
        seed = int(rng.integers(2**63))
        parts = {}
        for modality, (values, valid) in inputs.items():
            own = own_generator(seed, modality)
            if own.random() < chance_of(self.probability, modality):
                valid = valid & ~self.hidden(own, modality, valid)
                values = np.where(valid, values, np.float32(0))
            parts[modality] = (values, valid)
        able = [m for m in sorted(inputs) if inputs[m][1].any()]
        if able and not any(parts[m][1].any() for m in able):
            kept = able[int(np.random.default_rng(seed).integers(len(able)))]
            parts[kept] = inputs[kept]
        results['inputs'] = parts
        return results


@TRANSFORMS.register_module()
class DropBlocks(_HideParts):
    """Drop a connected part of a modality: beyond a swath edge, under clouds, without coherence.

    At least one modality that shows anything still does. Pixels that no modality shows any more
    do not count as labelled (see ``PackTile``).

    Required Keys: inputs, rng

    Modified Keys: inputs

    Args:
        probability: Of a hole in each modality, one number for all or one per name.
        share: Of the tile's pixels that a hole covers: a number, or the least and the most of it.
        shapes: Names in :data:`HOLES` by modality, one of which is drawn; :data:`HOLES_OF` for
            those not named, and any shape for those named nowhere.

    Raises:
        InputError: ``share`` is out of range, or a shape is unknown.
    """

    def __init__(
        self,
        *,
        probability: float | Mapping[str, float] = 1.0,
        share: Share = (0.1, 0.6),
        shapes: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(probability, share)
        self.shapes = {**HOLES_OF, **{m: tuple(names) for m, names in (shapes or {}).items()}}
        for modality, names in self.shapes.items():
            unknown = sorted(set(names) - set(HOLES))
            if unknown or not names:
                raise InputError(
                    f'DropBlocks: shapes of {modality}: {list(names)}; '
                    f'{nearest_names((unknown or [""])[0], HOLES)}'
                )

    def hidden(self, rng: np.random.Generator, modality: str, valid: BoolArray) -> BoolArray:
        """One hole of the modality's kind."""
        share = rng.uniform(*self.share)
        names = self.shapes.get(modality, tuple(HOLES))
        return highest(HOLES[names[int(rng.integers(len(names)))]](rng, valid.shape), share)


@TRANSFORMS.register_module()
class DropPixels(_HideParts):
    """Drop single pixels of a modality at random, each as likely.

    At least one modality that shows anything still does. Pixels that no modality shows any more
    do not count as labelled (see ``PackTile``).

    Required Keys: inputs, rng

    Modified Keys: inputs

    Args:
        probability: Of doing so in each modality, one number for all or one per name.
        share: Of the tile's pixels that go, to the pixel: a number, or the least and the most.

    Raises:
        InputError: ``share`` is out of range.
    """

    def __init__(
        self, *, probability: float | Mapping[str, float] = 1.0, share: Share = (0.0, 0.5)
    ) -> None:
        super().__init__(probability, share)

    def hidden(self, rng: np.random.Generator, modality: str, valid: BoolArray) -> BoolArray:
        """Pixels scattered over the tile."""
        share = rng.uniform(*self.share)
        return highest(rng.random(valid.shape), share)
