"""Scenes in memory: what data sets and models can be tried on without a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.datasets.loose_tiles import cut
from fusionls.datasets.splits import SplitMap
from fusionls.datasets.tile_dataset import UNLABELLED, Scene, TileDataset
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.quantities import Kind, Quantity
from fusionls.registry import DATASETS


@dataclass(frozen=True)
class ArrayModality:
    """One modality of an :class:`ArrayScene`.

    Attributes:
        layers: Names in channel order.
        values: (C, H/f, W/f), zero where invalid.
        valid: (H/f, W/f).
        factor: Pixel side in base pixels.
        quantities: Unit and kind of layers that are not in the catalogue.
    """

    layers: tuple[str, ...]
    values: FloatArray
    valid: BoolArray
    factor: int = 1
    quantities: dict[str, Quantity] = field(default_factory=dict)


@dataclass(frozen=True)
class ArrayScene:
    """A scene of arrays; satisfies ``datasets.tile_dataset.Scene`` as a stack on disk does.

    Attributes:
        name: For messages.
        modalities: By name.
        labels: (H, W) uint8; 1 landslide, 0 none, 255 not mapped.
        pixel: Side of a base pixel, metres.
        simulated: Whether it was made up, so that its coordinates are no place.
    """

    name: str
    modalities: Mapping[str, ArrayModality]
    labels: NDArray[np.uint8]
    pixel: float = 10.0
    simulated: bool = True

    @property
    def grid(self) -> Grid:
        """The base grid, in UTM 17 north."""
        origin = (500_000.0, 4_000_000.0)
        return Grid(pyproj.CRS(32617), *origin, self.pixel, self.pixel, *self.labels.shape)

    def read(
        self, window: Window, modalities: Sequence[str] | None = None
    ) -> dict[str, tuple[FloatArray, BoolArray]]:
        """Values (C, h/f, w/f), zero where invalid or outside, and valid (h/f, w/f)."""
        window.shrunk(max(modality.factor for modality in self.modalities.values()))
        read = {}
        for name in self.modalities if modalities is None else modalities:
            given = self.modalities[name]
            small = window.shrunk(given.factor)
            read[name] = (cut(given.values, small, 0), cut(given.valid, small, False))
        return read

    def read_labels(self, window: Window) -> NDArray[np.uint8]:
        """(h, w); 255 outside."""
        return cut(self.labels, window, UNLABELLED)


def made_up_scene(
    layers: Mapping[str, Sequence[str]],
    *,
    factors: Mapping[str, int] | None = None,
    shape: tuple[int, int] = (128, 128),
    holes: float = 0.1,
    seed: int = 0,
) -> ArrayScene:
    """A scene of smooth noise whose layers are raised where the labels have a landslide.

    Nothing in it is like real ground; it is there to be learned within a few steps.

    Args:
        layers: Layer names per modality, in channel order.
        factors: Pixel size per modality in base pixels; 1 where not named.
        shape: Rows and columns, base pixels; multiples of the factors.
        holes: Share of each modality that is invalid.
        seed: Same seed, same scene.
    """
    rng = np.random.default_rng(seed)

    def smooth(rows: int, cols: int, sigma: float) -> FloatArray:
        noise = ndimage.gaussian_filter(rng.normal(size=(rows, cols)), sigma, mode='wrap')
        return np.asarray(noise / noise.std(), np.float32)

    ground = smooth(*shape, sigma=6.0)
    labels = (ground > np.quantile(ground, 0.75)).astype(np.uint8)
    modalities = {}
    for name, names in layers.items():
        factor = (factors or {}).get(name, 1)
        rows, cols = shape[0] // factor, shape[1] // factor
        raised = labels.reshape(rows, factor, cols, factor).mean((1, 3), dtype=np.float32)
        cover = smooth(rows, cols, sigma=8.0 / factor)
        valid = cover >= np.quantile(cover, holes)
        values = np.stack([50 + 10 * smooth(rows, cols, sigma=2.0) + 15 * raised for _ in names])
        for i, layer in enumerate(names):
            if layer_spec(layer).quantity.kind is Kind.CATEGORICAL:
                values[i] = np.digitize(values[i], [45, 55]) + 1  # classes 1 to 3
        known = {layer: layer_spec(layer).quantity for layer in names}
        modalities[name] = ArrayModality(tuple(names), values * valid, valid, factor, known)
    return ArrayScene(f'made_up_{seed}', modalities, labels)


@DATASETS.register_module()
class ArraySceneDataset(TileDataset):
    """Tiles of a :func:`made_up_scene`.

    Args:
        scene_layers: Layers of the scene; those the model reads by default.
        factors: See :func:`made_up_scene`.
        shape: Rows and columns of the scene.
        scene_seed: Of the scene.
        **options: Those of ``TileDataset``.
    """

    def __init__(
        self,
        *,
        scene_layers: Mapping[str, Sequence[str]] | None = None,
        factors: Mapping[str, int] | None = None,
        shape: Sequence[int] = (128, 128),
        scene_seed: int = 0,
        **options: Any,
    ) -> None:
        self.scene_layers = scene_layers
        self.factors = factors
        self.shape = (shape[0], shape[1])
        self.scene_seed = scene_seed
        super().__init__(**options)

    def open_scenes(self) -> list[tuple[Scene, SplitMap | None]]:
        """Make the scene up; all of its ground is one split's."""
        scene = made_up_scene(
            self.scene_layers or self.layers,
            factors=self.factors,
            shape=self.shape,
            seed=self.scene_seed,
        )
        return [(scene, None)]
