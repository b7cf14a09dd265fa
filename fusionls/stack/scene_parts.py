"""The parts of a scene description: sources, modalities, grid, mapped landslides.

Flow: stack.scene reads them -> [this form] -> stack.align opens what they name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyproj

from fusionls.errors import FusionlsError, nearest_names
from fusionls.layers.derivation import sources_for
from fusionls.sources.products import PRODUCTS, RASTER
from fusionls.sources.source import Source


@dataclass(frozen=True)
class SceneSource:
    """One product of a modality: the files it consists of, and how to read them.

    Attributes:
        files: Its files; several rasters of the same layers are a mosaic, the first on top.
        layers: Layer of each band of a raster (null skips a band); None where the product
            itself says what it holds.
        product: Name in ``sources.products.PRODUCTS``.
        options: What its reader is told beside the files.
    """

    files: tuple[Path, ...]
    layers: tuple[str | None, ...] | None
    product: str = RASTER
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stated_layers(self) -> tuple[str, ...] | None:
        """Layers it holds, as far as the description alone tells."""
        if self.layers is None or 'incidence' in self.options:
            return None  # a line of sight comes beside the layers that are named
        return tuple(layer for layer in self.layers if layer is not None)

    def open(self) -> tuple[Source, ...]:
        """Open it; raises what the product's reader raises."""
        layers = {} if self.layers is None else {'layers': self.layers}
        return PRODUCTS[self.product].open(self.files, {**self.options, **layers})


@dataclass(frozen=True)
class SceneModality:
    """One modality of a scene.

    Attributes:
        name: ``optical``, ``terrain``, ...
        sources: Products it comes from.
        derive: Layers to derive; None for the usual ones.
        factor: Pixel side in base pixels; None to choose by the sources' pixels.
        keep: Layers to keep in the stack; None for all.
        complete: Whether all of its sources could be read; the layers of one that is not are
            not judged, which would only repeat what is noted.
    """

    name: str
    sources: tuple[SceneSource, ...]
    derive: tuple[str, ...] | None = None
    factor: int | None = None
    keep: tuple[str, ...] | None = None
    complete: bool = True

    @property
    def stated_layers(self) -> tuple[tuple[str, ...], ...] | None:
        """Layers of each source as the description names them; None where a product says so."""
        stated = [source.stated_layers for source in self.sources]
        return None if None in stated else tuple(layers for layers in stated if layers is not None)

    def derived_from(self, layers: Collection[str]) -> tuple[str, ...]:
        """Layers to derive where the sources hold ``layers``."""
        if self.derive is not None:
            return self.derive
        usual = (f'{self.name}_slope', f'{self.name}_hillshade')
        if self.name != 'terrain' or 'terrain_elevation' not in layers:
            return ()
        return tuple(layer for layer in usual if layer not in layers)

    def kept_of(self, layers: Sequence[str], hidden: Collection[str] = ()) -> tuple[str, ...]:
        """Layers of the stack, in band order, where the sources hold ``layers``."""
        every = tuple(dict.fromkeys(layers)) + self.derived_from(layers)
        if self.keep is None:
            return tuple(layer for layer in every if layer not in hidden)
        return tuple(layer for layer in every if layer in self.keep)


def layer_problems(
    modality: SceneModality,
    sources: Sequence[Sequence[str]],
    elsewhere: Collection[str],
    hidden: Collection[str] = (),
) -> list[str]:
    """What is wrong with the layers of a modality, once it is known what its sources hold.

    Args:
        modality: What the description says.
        sources: Layers of each source.
        elsewhere: Layers that sources of other modalities hold.
        hidden: Layers that are left out of the stack unless they are asked for.
    """
    problems = []
    layers = [layer for source in sources for layer in source]
    derive = modality.derived_from(layers)
    every = [*layers, *derive]
    for layer in sorted({n for n in every if every.count(n) > 1}):
        problems.append(
            f'layer {layer!r} comes from more than one place; expected one. Rasters that lie '
            'side by side are one source: files: [...]'
        )
    for layer in derive:
        try:
            needs = sources_for([layer], [*layers, *elsewhere])
        except FusionlsError as error:
            problems.append(f'derive: {error}')
            continue
        missing = [need for need in needs if need not in layers and need not in elsewhere]
        if missing:
            problems.append(f'derive: {layer} needs {", ".join(missing)}, which no source holds')
    for layer in modality.keep or ():
        if layer not in every:
            problems.append(f'keep: no layer {layer!r}; {nearest_names(layer, every)}')
    if not modality.kept_of(layers, hidden):
        problems.append('no layer is left')
    return [f'modalities.{modality.name}: {problem}' for problem in problems]


@dataclass(frozen=True)
class SceneGrid:
    """What the description says of the base grid; None where it leaves the choice.

    Attributes:
        crs: Projected CRS.
        pixel: Pixel side, CRS units.
        bounds: West, south, east, north, CRS units.
    """

    crs: pyproj.CRS | None = None
    pixel: float | None = None
    bounds: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class SceneLandslides:
    """Mapped landslides of a scene.

    Attributes:
        file: Polygons, or None.
        layer: Layer of ``file``; the first by default.
        raster: A mask instead of polygons, or None.
        value: What a landslide pixel of ``raster`` holds; by default its one value beside 0.
        mapped_area: Polygons of where somebody has looked; everywhere by default.
    """

    file: Path | None = None
    layer: str | None = None
    raster: Path | None = None
    value: float | None = None
    mapped_area: Path | None = None
