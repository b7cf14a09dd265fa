"""Training samples cut from scenes: the part that all of our data sets share.

A scene is anything with a grid, modalities, ``read(window)`` and ``read_labels(window)``: a stack
on disk (``StackDataset``) or a public set laid out on a grid (``public``). Pixels outside the
split's ground are invalid and unlabelled, so that no tile sees over the fence.

The random draws of a sample depend on seed, epoch and index alone: they are the same for any
number of workers, and after an interrupted run is resumed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from numpy.typing import NDArray

from fusionls.datasets.derived_scene import with_derived
from fusionls.datasets.splits import SplitMap
from fusionls.datasets.tile_index import indexed_tiles
from fusionls.datasets.tiling import tile_windows
from fusionls.datasets.unlabelled_scene import UnlabelledScene
from fusionls.errors import (
    InputError,
    LayerMissingError,
    SplitError,
    nearest_names,
    raise_together,
)
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.quantities import Kind

UNLABELLED = 255
"""Label of pixels that nobody mapped, or that belong to another split."""


class Modality(Protocol):
    """What a scene says of one modality."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Layer names in channel order."""

    @property
    def factor(self) -> int:
        """Pixel size in base pixels."""


class Scene(Protocol):
    """What tiles are cut from; ``stack.LayerStack`` is one."""

    @property
    def name(self) -> str:
        """Name for messages."""

    @property
    def grid(self) -> Grid:
        """The base grid."""

    @property
    def modalities(self) -> Mapping[str, Any]:
        """:class:`Modality` by name."""

    def read(
        self, window: Window, modalities: Sequence[str] | None = None
    ) -> dict[str, tuple[FloatArray, BoolArray]]:
        """Values (C, h/f, w/f) with zeros where invalid, and valid (h/f, w/f)."""

    def read_labels(self, window: Window) -> NDArray[np.uint8]:
        """(h, w): 1 landslide, 0 none, 255 not mapped or outside."""


class TileDataset(BaseDataset):
    """Tiles of one or more scenes.

    Args:
        layers: Layer names per modality, in channel order: what the model reads. Those that a
            scene does not hold are derived from those of the same modality that it holds.
        split: ``'train'``, ``'val'`` or ``'all'``.
        tile: Side of a tile, base pixels.
        step: Distance between tiles, base pixels; ``tile`` by default.
        least_labelled: Tiles with a smaller share of pixels that are labelled, and valid in one
            of ``modalities`` at least, are left out.
        modalities: The modalities to show, all of ``layers`` by default.
        labelled: False leaves the labels of every scene unread: tiles are those with something to
            see, for pre-training.
        seed: Of the random draws of the pipeline.
        pipeline: Transforms; see ``datasets.transforms``.

    Raises:
        LayerMissingError: A scene lacks a layer that was asked for, or ``modalities`` names one
            that is not in ``layers``.
        InputError: Tiles cut the pixels of a scene's coarsest modality.
        SplitError: No tile belongs to the split.
    """

    METAINFO = {'classes': ('background', 'landslide'), 'palette': [[0, 0, 0], [230, 60, 40]]}

    def __init__(
        self,
        *,
        layers: Mapping[str, Sequence[str]],
        split: str = 'all',
        tile: int = 256,
        step: int | None = None,
        least_labelled: float = 0.05,
        modalities: Sequence[str] | None = None,
        labelled: bool = True,
        seed: int = 0,
        pipeline: Sequence[dict[str, Any] | Callable[..., Any]] = (),
        **options: Any,
    ) -> None:
        self.layers = {modality: tuple(names) for modality, names in layers.items()}
        self.split = split
        self.tile = tile
        self.step = step
        self.least_labelled = least_labelled
        self.labelled = labelled
        self.modalities = tuple(self.layers if modalities is None else modalities)
        unknown = sorted(set(self.modalities) - set(self.layers))
        if unknown or not self.modalities:
            raise LayerMissingError(
                f'modalities {list(self.modalities)}: not among the layers of the data set; '
                f'{nearest_names((unknown or [""])[0], self.layers)}'
            )
        self.seed = seed
        # in shared memory, so that loader workers that outlive an epoch see the next one
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        super().__init__(pipeline=list(pipeline), serialize_data=False, **options)
        self._metainfo['layers'] = self.layers  # so that a metric knows which channel is the slope

    @property
    def epoch(self) -> int:
        """Pass over the data, from 0; the random draws depend on it."""
        return int(self._epoch)

    @epoch.setter
    def epoch(self, number: int) -> None:
        self._epoch.fill_(number)

    @abstractmethod
    def open_scenes(self) -> list[tuple[Scene, SplitMap | None]]:
        """The scenes and who owns their ground; None where all ground is one split's."""

    def load_data_list(self) -> list[dict[str, Any]]:
        """Find the tiles that belong to the split, have labels and something to see.

        Returns:
            Per tile ``scene`` (its number), ``window``, and ``landslide``, the share of its
            pixels that are landslide on the split's ground.
        """
        self.scenes = [(with_derived(s, self.layers), owners) for s, owners in self.open_scenes()]
        problems = [p for scene, _ in self.scenes for p in missing_layers(scene, self.layers)]
        raise_together(
            LayerMissingError,
            'layers are missing',
            problems,
            'Build the stack with these layers, or take them out of the config.',
        )
        if not self.labelled:
            self.scenes = [(UnlabelledScene(scene), owners) for scene, owners in self.scenes]
        least = max(self.least_labelled, 1e-9)
        tiles = []
        for number, (scene, owners) in enumerate(self.scenes):
            coarsest = coarsest_of(scene)
            if self.tile % coarsest or (self.step or 0) % coarsest:
                raise InputError(
                    f'{scene.name}: tiles of {self.tile} pixels every {self.step or self.tile} '
                    f'cut the pixels of its coarsest modality; use multiples of {coarsest}'
                )
            windows = tile_windows(scene.grid.shape, self.tile, self.step)
            tiles += [
                {'scene': number, 'window': tile.window, 'landslide': tile.landslide}
                for tile in indexed_tiles(
                    scene, owners, self.split, windows, least, self.modalities
                )
            ]
        if not tiles:
            raise SplitError(
                f'split {self.split!r} holds no tile of {self.tile} pixels with at least '
                f'{self.least_labelled:.0%} of its pixels labelled and valid, in '
                f'{", ".join(scene.name for scene, _ in self.scenes)}'
            )
        return tiles

    def read_tile(
        self, scene_number: int, window: Window
    ) -> tuple[dict[str, tuple[FloatArray, BoolArray]], NDArray[np.uint8]]:
        """Inputs and labels of any window, hidden where the ground is another split's.

        Returns:
            ``{modality: (values (C, h/f, w/f), valid (h/f, w/f))}`` with the modalities that are
            shown and all their layers in the scene, and labels (h, w).
        """
        scene, owners = self.scenes[scene_number]
        inputs = scene.read(window, list(self.modalities))
        labels = scene.read_labels(window)
        if owners is not None and self.split != 'all':
            ours = owners.allowed(window, self.split)
            labels = np.where(ours, labels, np.uint8(UNLABELLED))
            for modality, (values, valid) in inputs.items():
                f = scene.modalities[modality].factor
                seen = ours[::f, ::f]
                inputs[modality] = (values * seen, valid & seen)
        return inputs, labels

    def read_instances(
        self, scene_number: int, window: Window
    ) -> tuple[BoolArray, BoolArray] | None:
        """Single mapped landslides of a window, hidden where the ground is another split's.

        Returns:
            Masks (K, h, w), which may overlap, and whether each is to be ignored (K,): too small
            to be asked for. None where the scene knows pixels only.
        """
        scene, owners = self.scenes[scene_number]
        if not hasattr(scene, 'read_instances'):
            return None
        masks, ignored = scene.read_instances(window)
        if owners is not None and self.split != 'all':
            masks = masks & owners.allowed(window, self.split)
        return masks, ignored

    def kinds(self, scene_number: int, modality: str) -> tuple[Kind, ...]:
        """Kinds of a modality's layers, in channel order."""
        given = self.scenes[scene_number][0].modalities[modality]
        own = getattr(given, 'quantities', {})
        return tuple((own.get(name) or layer_spec(name).quantity).kind for name in given.layers)

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on tile ``idx`` with its own random generator."""
        results = dict(self.get_data_info(idx))
        results['dataset'] = self
        results['rng'] = np.random.default_rng([self.seed, self.epoch, idx])
        return self.pipeline(results)


def tile_dataset(dataset: Any) -> TileDataset:
    """The tiles themselves, out of whatever is wrapped around them.

    Raises:
        InputError: There are none.
    """
    while not isinstance(dataset, TileDataset) and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    if not isinstance(dataset, TileDataset):
        raise InputError(f'expected a TileDataset to train on, got {type(dataset).__name__}')
    return dataset


def coarsest_of(scene: Scene) -> int:
    """The largest pixel of a scene, base pixels; windows must lie on multiples of it."""
    return max(modality.factor for modality in scene.modalities.values())


def missing_layers(scene: Scene, layers: Mapping[str, Sequence[str]]) -> list[str]:
    """Every layer of the config that the scene does not have."""
    problems = []
    for modality, names in layers.items():
        if modality not in scene.modalities:
            near = nearest_names(modality, scene.modalities)
            problems.append(f'{scene.name}: no modality {modality!r}; {near}')
            continue
        have = scene.modalities[modality].layers
        problems += [
            f'{scene.name}: no layer {name!r}; {nearest_names(name, have)}'
            for name in names
            if name not in have
        ]
    return problems
