"""A scene that derives the layers a config asks for and its files do not hold.

Flow: a scene (stack, public set) -> [here: layers.derivation] -> datasets.tile_dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.layers.derivation import derive, halo_of, is_derivable, sources_for, steps_for
from fusionls.quantities import Quantity

if TYPE_CHECKING:
    from fusionls.datasets.tile_dataset import Scene


@dataclass(frozen=True)
class DerivedModality:
    """A modality with layers that are derived when it is read.

    Attributes:
        layers: Those of the scene, then those derived.
        factor: Pixel size in base pixels.
        quantities: Unit and kind by layer.
        held: Layers the scene holds.
        derived: Layers derived from them.
        pixel: Side of a pixel, metres.
        halo: Pixels read around a window, so that every kernel is whole.
    """

    layers: tuple[str, ...]
    factor: int
    quantities: Mapping[str, Quantity]
    held: tuple[str, ...]
    derived: tuple[str, ...]
    pixel: float
    halo: int


class DerivedScene:
    """A scene seen with more layers; satisfies ``datasets.tile_dataset.Scene``.

    A pixel is valid where all layers of its modality are, as in a stack that holds them.

    Args:
        scene: What holds the layers they are derived from.
        modalities: Those that gain layers.
    """

    def __init__(self, scene: Scene, modalities: Mapping[str, DerivedModality]) -> None:
        self.scene = scene
        self.modalities = {**scene.modalities, **modalities}
        self._derived = dict(modalities)

    def __getattr__(self, name: str) -> Any:
        if name == 'scene':  # not there yet: the copy of another process is being made
            raise AttributeError(name)
        return getattr(self.scene, name)

    @property
    def name(self) -> str:
        """Name for messages."""
        return self.scene.name

    @property
    def grid(self) -> Grid:
        """The base grid."""
        return self.scene.grid

    def read(
        self, window: Window, modalities: Sequence[str] | None = None
    ) -> dict[str, tuple[FloatArray, BoolArray]]:
        """Values (C, h/f, w/f) with zeros where invalid, and valid (h/f, w/f)."""
        names = list(self.modalities if modalities is None else modalities)
        plain = [name for name in names if name not in self._derived]
        found = self.scene.read(window, plain)
        return {n: found[n] if n in found else self._derive(n, window) for n in names}

    def read_labels(self, window: Window) -> NDArray[np.uint8]:
        """(h, w): 1 landslide, 0 none, 255 not mapped or outside."""
        return self.scene.read_labels(window)

    def _derive(self, name: str, window: Window) -> tuple[FloatArray, BoolArray]:
        modality = self._derived[name]
        coarsest = max(m.factor for m in self.modalities.values())
        margin = -(-modality.halo * modality.factor // coarsest) * coarsest
        values, valid = self.scene.read(window.grown(margin), [name])[name]
        planes = {layer: (values[i], valid) for i, layer in enumerate(modality.held)}
        found = derive(planes, modality.derived, modality.pixel)
        cut = margin // modality.factor
        rows, cols = window.height // modality.factor, window.width // modality.factor
        inner = (slice(cut, cut + rows), slice(cut, cut + cols))
        sound = np.logical_and.reduce([valid, *(ok for _, ok in found.values())])[inner]
        layers = [*values, *(plane for plane, _ in found.values())]
        return np.stack([layer[inner] * sound for layer in layers]), sound


def with_derived(scene: Scene, layers: Mapping[str, Sequence[str]]) -> Scene:
    """A scene with those of the layers that it lacks and that follow from what it holds.

    Args:
        scene: What tiles are cut from.
        layers: Layer names per modality, as a config asks for them.

    Returns:
        The scene itself where nothing is missing or can be derived from the same modality within
        a tile.
    """
    gains = {}
    for name, wanted in layers.items():
        if name not in scene.modalities:
            continue
        given = scene.modalities[name]
        held = tuple(given.layers)
        derived = tuple(n for n in wanted if n not in held and _follows(n, held))
        if not derived:
            continue
        own = getattr(given, 'quantities', {})
        pixel = scene.grid.pixel * given.factor
        gains[name] = DerivedModality(
            (*held, *derived),
            given.factor,
            {n: own.get(n) or layer_spec(n).quantity for n in (*held, *derived)},
            held,
            derived,
            pixel,
            halo_of(derived, held, pixel),
        )
    return DerivedScene(scene, gains) if gains else scene


def _follows(layer: str, held: Sequence[str]) -> bool:
    """Whether a layer can be derived from those of its modality, window by window."""
    if not is_derivable(layer) or any(s.derivation.whole for s in steps_for([layer], held)):
        return False
    return set(sources_for([layer], held)) <= set(held)
