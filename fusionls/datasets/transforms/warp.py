"""Turn tiles by any angle, with larger or smaller pixels, so that values keep their meaning.

As in ``transforms.geometry``, the kind of a layer decides what happens beside the move. What is
new between the pixels: measured values are bilinear means of what is valid, elevations are cubic
(slopes and curvatures are taken of them, and a bilinear surface has creases), classes are those
of the nearest pixel, azimuths go through sine and cosine.

What a change of scale means: the ground stays what it is, and the pixel becomes larger or
smaller. Elevations, slopes and velocities keep their numbers; layers that compare neighbouring
cells (:data:`transforms.derived.ON_CELLS`) and hillshade are derived again, with the new pixel,
from the elevation, which then must be in the tile. Other layers of the terrain are interpolated
as delivered; :class:`DeriveLayers` behind a warp derives them too.
Directions: rows run south, columns east; azimuths are degrees clockwise from north.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from fusionls.datasets.tile_dataset import UNLABELLED
from fusionls.datasets.transforms.derived import follows_the_grid
from fusionls.datasets.transforms.geometry import lone_components
from fusionls.errors import InputError, LayerMissingError
from fusionls.geo.north import turned_north
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.resample import AVERAGE_ABOVE, bilinear_means, components_of, layer_of_means
from fusionls.geo.sampling import Sampler
from fusionls.layers.catalog import stem_of
from fusionls.layers.derivation import rederived
from fusionls.quantities import Kind
from fusionls.registry import TRANSFORMS

SURFACES = frozenset({'terrain_elevation', 'lidar_ground'})
"""Layers that are interpolated by cubic convolution, for derivatives are taken of them."""


@dataclass(frozen=True)
class Warp:
    """Where the pixels of a square tile lie in a larger one.

    Attributes:
        angle: The picture turns by so many degrees anticlockwise.
        scale: Its pixels become so many times as large.
        size: Its side, base pixels.
        centre: Row and column, base pixels of the larger tile, of what comes to its middle.
    """

    angle: float
    scale: float
    size: int
    centre: tuple[float, float]
    _once: dict[tuple[Any, ...], Sampler] = field(default_factory=dict, compare=False, repr=False)

    @property
    def reach(self) -> float:
        """Base pixels of the larger tile on each side of the centre that are looked at."""
        turn = math.radians(self.angle)
        return self.size * self.scale * (abs(math.sin(turn)) + abs(math.cos(turn))) / 2

    def sampler(self, shape: tuple[int, ...], factor: int) -> Sampler:
        """Samples of arrays whose pixels are ``factor`` base pixels wide; made once for all."""
        if (shape, factor) not in self._once:
            self._once[shape, factor] = self._sampler(shape, factor)
        return self._once[shape, factor]

    def _sampler(self, shape: tuple[int, ...], factor: int) -> Sampler:
        n = self.size // factor
        turn = math.radians(self.angle)
        sine, cosine = self.scale * math.sin(turn), self.scale * math.cos(turn)
        across = np.arange(n) + 0.5 - n / 2
        row, col = (c / factor for c in self.centre)
        # what stands at (x, y) of the turned picture came from there turned back
        cols = col + (cosine * across[None, :] - sine * across[:, None])
        rows = row + (sine * across[None, :] + cosine * across[:, None])
        return Sampler(cols, rows, (shape[0], shape[1]))


def warped(
    values: FloatArray,
    valid: BoolArray,
    layers: Sequence[str],
    kinds: Sequence[Kind],
    warp: Warp,
    factor: int,
    pixel: float,
) -> tuple[FloatArray, BoolArray]:
    """A modality as a turned grid of other pixels sees it.

    Args:
        values: (C, h, w), zero where invalid.
        valid: (h, w).
        layers: Names of the C layers.
        kinds: Kinds of the C layers.
        warp: Where to look.
        factor: Pixel of the modality, base pixels.
        pixel: The same in metres, before the warp.

    Returns:
        Values (C, n, n) and valid (n, n), n = size / factor, each layer meaning what it meant.
        A pixel is valid where half of the weight of every layer is.

    Raises:
        LayerMissingError: A layer must be derived again and its elevation is not there, or a
            vector component has no partner.
    """
    alone = lone_components(layers, kinds)
    if alone:
        raise LayerMissingError(
            f'{", ".join(alone)}: one component of a vector cannot be turned by any angle; keep '
            'both in the stack, or turn tiles by TurnTile(quarters=False) only'
        )
    again = [n for n, kind in zip(layers, kinds, strict=True) if follows_the_grid(n, kind)]
    sampler = warp.sampler(valid.shape, factor)
    parts = {
        i: components_of(values[i], valid, kind)
        for i, (name, kind) in enumerate(zip(layers, kinds, strict=True))
        if name not in again
    }
    # one call for all of them: they share the weight of what is valid
    means, weight = bilinear_means(sampler, [c for part in parts.values() for c in part], valid)
    smooth = sampler.surrounded(valid) if SURFACES.intersection(map(stem_of, layers)) else None
    out = np.zeros((len(layers), *weight.shape), np.float32)
    moved = np.ones(weight.shape, bool)
    for i, part in parts.items():
        own, means = means[: len(part)], means[len(part) :]
        if kinds[i] is Kind.CATEGORICAL:
            out[i], sound = sampler.nearest(values[i], valid)
        else:
            out[i], sound = layer_of_means(own, weight, kinds[i])
            if smooth is not None and stem_of(layers[i]) in SURFACES:
                np.copyto(out[i], sampler.cubic(values[i]), where=smooth)
        moved &= sound
    out = turned_north(out, kinds, layers, np.full((1, 1), -warp.angle))
    for i, kind in enumerate(kinds):
        if kind is Kind.AZIMUTH:
            out[i] %= np.float32(360)  # 359.99999999 is 360 in float32
    if again:
        planes = {n: (out[i], moved) for i, n in enumerate(layers) if n not in again}
        try:
            found = rederived(again, planes, pixel * warp.scale)
        except LayerMissingError as error:
            raise LayerMissingError(
                f'hillshade and layers of neighbouring cells cannot be warped, only derived '
                f'again from the elevation: {error}'
            ) from error
        for name, plane in found.items():
            out[list(layers).index(name)] = plane
    out *= moved
    return out, moved


class WarpingTransform(BaseTransform):
    """What transforms that warp a tile share.

    Args:
        size: Side of the tile they make, base pixels; a multiple of the coarsest pixel.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def apply(self, results: dict[str, Any], warp: Warp) -> dict[str, Any]:
        """Warp inputs, labels and pixels; the window becomes the ground about the centre."""
        labels = results['labels']
        results['inputs'] = {
            m: warped(
                values,
                valid,
                results['layers'][m],
                results['kinds'][m],
                warp,
                len(labels) // len(valid),
                results['pixels'][m],
            )
            for m, (values, valid) in results['inputs'].items()
        }
        everywhere = np.ones(labels.shape, bool)
        sampler = warp.sampler(labels.shape, 1)
        found, inside = sampler.nearest(labels, everywhere)
        results['labels'] = np.where(inside, found, np.uint8(UNLABELLED))
        if 'instances' in results:
            masks = results['instances']
            # where an instance is, is where a grid valid there only is valid
            moved = [sampler.nearest(labels, mask)[1] for mask in masks]
            results['instances'] = np.array(moved, bool).reshape(len(masks), *inside.shape)
        results['pixels'] = {m: p * warp.scale for m, p in results['pixels'].items()}
        self._move_window(results, *(round(c - self.size / 2) for c in warp.centre))
        return results

    def cut(self, results: dict[str, Any]) -> dict[str, Any]:
        """The middle of a tile as it is, no pixel changed."""
        labels = results['labels']
        step = max((len(labels) // len(v) for _, v in results['inputs'].values()), default=1)
        top, left = ((n - self.size) // (2 * step) * step for n in labels.shape)

        def inner(array: NDArray[Any]) -> NDArray[Any]:
            f = len(labels) // array.shape[-2]
            n = self.size // f
            return array[..., top // f : top // f + n, left // f : left // f + n]

        results['inputs'] = {m: (inner(v), inner(ok)) for m, (v, ok) in results['inputs'].items()}
        for key in {'labels', 'instances'}.intersection(results):
            results[key] = inner(results[key])
        self._move_window(results, top, left)
        return results

    def _move_window(self, results: dict[str, Any], top: int, left: int) -> None:
        window = results['window']
        results['window'] = type(window)(window.row + top, window.col + left, self.size, self.size)

    def check(self, results: Mapping[str, Any], need: float) -> None:
        """Refuse a tile that is too small to look at ``need`` base pixels of it.

        Raises:
            InputError: It is, or ``size`` cuts its coarsest pixel.
        """
        shape = results['labels'].shape
        step = max((shape[0] // len(v) for _, v in results['inputs'].values()), default=1)
        if self.size % step:
            raise InputError(
                f'{type(self).__name__}: size {self.size} cuts the pixels of the coarsest '
                f'modality; use a multiple of {step}'
            )
        if need > min(shape):
            more = math.ceil((need - min(shape)) / 2 / step) * step
            raise InputError(
                f'{type(self).__name__}: tiles of {self.size} pixels at any of its angles and '
                f'scales look at {math.ceil(need)} pixels, the tile read has {min(shape)}; '
                f'raise the context of LoadTile by {more}'
            )


@TRANSFORMS.register_module()
class WarpTile(WarpingTransform):
    """Turn a tile by any angle, see it with larger or smaller pixels, and cut out its middle.

    Read a larger tile before it (``LoadTile(context=...)``), so that no corner is void: for any
    angle and a scale up to s, s sqrt(2) times as wide as ``size``.

    Required Keys: inputs, labels, layers, kinds, pixels, window, rng; instances where they are

    Modified Keys: inputs, labels, instances, pixels, window (the ground about the middle)

    Args:
        size: Side of the tile it makes, base pixels.
        angle: Least and most of the turn, degrees anticlockwise.
        scale: Least and most of the new pixel over the old one; as often smaller as larger.
        probability: Of doing so; otherwise the middle is cut out as it is.

    Raises:
        InputError: ``scale`` is not positive or so large that small things would alias, or the
            tile read is too small.
        LayerMissingError: See :func:`warped`.
    """

    def __init__(
        self,
        *,
        size: int,
        angle: Sequence[float] = (0.0, 360.0),
        scale: Sequence[float] = (0.8, 1.25),
        probability: float = 1.0,
    ) -> None:
        super().__init__(size)
        if not 0 < scale[0] <= scale[1] <= AVERAGE_ABOVE:
            raise InputError(
                f'WarpTile: scale from {scale[0]} to {scale[1]}; expected above 0 and at most '
                f'{AVERAGE_ABOVE}, beyond which pixels would be skipped: build a coarser stack'
            )
        self.angle = (float(angle[0]), float(angle[1]))
        self.scale = (float(scale[0]), float(scale[1]))
        self.probability = probability

    @property
    def need(self) -> float:
        """Side of the tile that its worst angle and scale look at, base pixels."""
        low, high = self.angle
        # widest on the diagonals, which lie at 45 degrees and every 90 from there
        diagonal = 90 * math.ceil((low - 45) / 90) + 45
        angles = (low, high, min(diagonal, high))
        return max(2 * Warp(a, self.scale[1], self.size, (0, 0)).reach for a in angles)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Warp; see the class."""
        rng: np.random.Generator = results['rng']
        self.check(results, self.need - 1e-6)
        if rng.random() >= self.probability:
            return self.cut(results)
        angle = rng.uniform(*self.angle)
        scale = math.exp(rng.uniform(math.log(self.scale[0]), math.log(self.scale[1])))
        rows, cols = results['labels'].shape
        return self.apply(results, Warp(angle, scale, self.size, (rows / 2, cols / 2)))
