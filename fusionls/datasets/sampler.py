"""Which tiles an epoch shows: every one with a landslide, and a stated share without.

Landslides cover a few percent of the ground; drawn evenly, most batches hold none. Other tiles
without landslides are drawn in every epoch, so that all ground is seen in time; the ground that
looks like a landslide and is none (steep and bare) can be drawn more often.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from numpy.typing import NDArray
from torch.utils.data import Sampler

from fusionls.datasets.tile_dataset import TileDataset
from fusionls.datasets.tile_index import share_within
from fusionls.errors import InputError, LayerMissingError, nearest_names, raise_together
from fusionls.registry import DATA_SAMPLERS
from fusionls.sources.mapped_landslides import LANDSLIDE

Indices = NDArray[np.int64]


@DATA_SAMPLERS.register_module()
class LandslideSampler(Sampler[int]):
    """Draw every tile with a landslide once an epoch, and tiles without at a stated share.

    A transform that moves tiles (``LoadTile(jitter=...)``) may move a landslide into, or out of,
    a tile afterwards.

    Args:
        dataset: A :class:`TileDataset`; its tiles say which share of them is landslide.
        negative_share: Share of the tiles drawn that have no landslide, 0 to below 1. Where
            there are fewer such tiles they come more than once an epoch.
        hard: Least and most (None for no bound) by layer name, in the layer's unit, of ground
            that is easily taken for a landslide: ``dict(terrain_slope=(25, None),
            optical_ndvi=(None, 0.3))``. Such layers of tiles without landslides are read once.
        hard_share: Share of the tiles without landslides that are drawn by how much of them is
            such ground; the others are drawn evenly.
        least_landslide: Tiles with a smaller share of landslide have none.
        seed: Of the draws; the run's by default. They depend on it and the epoch alone.

    Raises:
        InputError: A share is out of range, no tile has a landslide, or none has none.
        LayerMissingError: ``hard`` names a layer that no scene has.

    Example:
        >>> sampler = dict(type='LandslideSampler', negative_share=0.5)
    """

    def __init__(
        self,
        dataset: TileDataset,
        *,
        negative_share: float = 0.5,
        hard: Mapping[str, tuple[float | None, float | None]] | None = None,
        hard_share: float = 0.5,
        least_landslide: float = 0.0,
        seed: int | None = None,
        round_up: bool = True,
    ) -> None:
        problems = []
        if not 0 <= negative_share < 1:
            problems.append(f'negative_share is {negative_share}; expected 0 to below 1')
        if not 0 <= hard_share <= 1:
            problems.append(f'hard_share is {hard_share}; expected 0 to 1')
        if not isinstance(dataset, TileDataset):
            problems.append(f'expected a TileDataset, got {type(dataset).__name__}')
        raise_together(InputError, 'tiles cannot be drawn', problems)
        self.rank, self.world = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self.negative_share = negative_share
        self.hard_share = hard_share if hard else 0.0
        self.round_up = round_up
        landslide = np.array([_landslide(dataset, i) for i in range(len(dataset))])
        positive = (landslide > 0) & (landslide >= least_landslide)
        self.positives: Indices = np.flatnonzero(positive)
        self.negatives: Indices = np.flatnonzero(~positive)
        self._check_there_are_both()
        self.hardness: NDArray[np.float64] = np.zeros(0)
        if hard and negative_share:
            self.hardness = _hardness(dataset, self.negatives, hard)

    def _check_there_are_both(self) -> None:
        problems = []
        if not len(self.positives):
            problems.append('no tile has a landslide')
        if self.negative_share and not len(self.negatives):
            problems.append('no tile is without a landslide; use negative_share=0')
        raise_together(InputError, 'tiles cannot be drawn', problems)

    @property
    def drawn_negatives(self) -> int:
        """Tiles without landslides that an epoch shows."""
        share = self.negative_share
        return round(len(self.positives) * share / (1 - share))

    def _epoch_indices(self) -> Indices:
        """Every tile of this epoch, of all processes, in order."""
        rng = np.random.default_rng([self.seed, self.epoch])
        count = self.drawn_negatives
        hard = _drawn(rng, self.hardness, round(self.hard_share * count))
        left = np.ones(len(self.negatives))
        if count <= len(left):
            left[hard] = 0  # no tile twice while others wait
        easy = _drawn(rng, left, count - len(hard))
        drawn = np.concatenate([self.positives, self.negatives[hard], self.negatives[easy]])
        return np.asarray(rng.permutation(drawn))

    def __iter__(self) -> Iterator[int]:
        indices = self._epoch_indices()
        if self.round_up:  # each process must have as many, or the others wait for ever
            indices = np.resize(indices, len(self) * self.world)
        return iter(indices[self.rank :: self.world].tolist())

    def __len__(self) -> int:
        total = len(self.positives) + self.drawn_negatives
        if self.round_up:
            return math.ceil(total / self.world)
        return math.ceil((total - self.rank) / self.world)

    def set_epoch(self, epoch: int) -> None:
        """Draw for this epoch from now on."""
        self.epoch = epoch


def _drawn(rng: np.random.Generator, weights: NDArray[Any], count: int) -> Indices:
    """Draw places by weight without putting back, again from the start when all are drawn.

    Source: Efraimidis and Spirakis (2006), Inf. Process. Lett. 97(5), algorithm A: the largest
    of u^(1/w), here as the smallest of -log(u) / w.
    """
    able = np.flatnonzero(weights > 0)
    if not len(able):
        return np.zeros(0, np.int64)
    rounds = [
        able[np.argsort(rng.exponential(size=len(able)) / weights[able])]
        for _ in range(-(-count // len(able)))
    ]
    return np.concatenate([np.zeros(0, np.int64), *rounds])[:count]


def _landslide(dataset: TileDataset, index: int) -> float:
    """Share of a tile that is landslide; read from its labels where the index does not say."""
    info = dataset.get_data_info(index)
    if 'landslide' in info:
        return float(info['landslide'])
    return float((dataset.read_tile(info['scene'], info['window'])[1] == LANDSLIDE).mean())


def _hardness(
    dataset: TileDataset,
    indices: Indices,
    ranges: Mapping[str, tuple[float | None, float | None]],
) -> NDArray[np.float64]:
    """Share of each tile that is easily taken for a landslide."""
    known = {
        layer
        for scene, _ in dataset.scenes
        for modality in scene.modalities.values()
        for layer in modality.layers
    }
    missing = [
        f'no layer {name!r}; {nearest_names(name, known)}' for name in ranges if name not in known
    ]
    raise_together(LayerMissingError, 'hard ground cannot be told', missing)
    infos = [dataset.get_data_info(int(index)) for index in indices]
    return np.array(
        [share_within(dataset.scenes[i['scene']][0], i['window'], ranges) for i in infos]
    )
