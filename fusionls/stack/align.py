"""Choose the base grid and every modality's pixel, and read all sources as if they lay on it.

Flow: stack.scene -> [here: opens the files, all problems at once] -> stack.build -> stack.store.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyproj

from fusionls.errors import FusionlsError
from fusionls.geo.grid import Grid
from fusionls.geo.resample import Resampler
from fusionls.layers.derivation import sources_for
from fusionls.quantities import Kind
from fusionls.sources.mapped_landslides import LabelRaster, MappedArea, MappedLandslides
from fusionls.sources.rasters import SourceRaster
from fusionls.sources.source import Source
from fusionls.stack.aligned import AlignedLabels, AlignedModality, AlignedScene, Mosaic
from fusionls.stack.base_grid import base_grid, filled_up, shown
from fusionls.stack.sample import Sample, lone_fill
from fusionls.stack.scene import Scene
from fusionls.stack.scene_parts import SceneLandslides, SceneModality, layer_problems

AUTOMATIC_FACTORS = (8, 4, 2, 1)
COARSER_BY = 1.25
"""How much coarser than its sources a modality may be chosen to be: 30 m goes to 32, not to 16."""

FEW = 4
"""Windows of a raster that are looked at for values that mean none."""


@dataclass(frozen=True)
class _Opened:
    """A modality whose files are open; None in ``products`` where one could not be opened."""

    said: SceneModality
    products: tuple[tuple[Mosaic, ...] | None, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every product is there."""
        return self.said.complete and None not in self.products

    @property
    def mosaics(self) -> tuple[Mosaic, ...]:
        """Its mosaics, whatever product they come from."""
        return tuple(mosaic for product in self.products for mosaic in product or ())

    @property
    def layers(self) -> list[str]:
        """Layers its sources hold."""
        return [layer for mosaic in self.mosaics for layer in mosaic[0].layers]


def aligned(
    scene: Scene,
    problems: list[str],
    moves: Mapping[str, tuple[float, float]] | None = None,
) -> AlignedScene | None:
    """Open every file of a scene and choose its grids.

    Args:
        scene: What the description says.
        problems: What is wrong is added here: files that cannot be used, no common place, ...
        moves: How far to move the sources of a modality: metres east and north by its name.

    Returns:
        The scene, or None where something is wrong.
    """
    before = len(problems)
    opened = [_Opened(m, tuple(_products(m, problems))) for m in scene.modalities]
    _check_layers(opened, problems)
    _check_fills(opened, problems)
    first = next((m.products[0] for m in opened if m.products), None)
    base = base_grid(scene.grid, first[0] if first else None, problems)
    landslides = scene.landslides
    if base is None:
        _look_at_labels(landslides, pyproj.CRS(4326), problems)
        return None
    factors = [_factor(m, base) for m in opened]
    asked = base.window
    grid = filled_up(base, max(factors, default=1))
    modalities = [
        _aligned_modality(m, opened, grid, factor, (moves or {}).get(m.said.name), problems)
        for m, factor in zip(opened, factors, strict=True)
    ]
    labels = _look_at_labels(landslides, grid.crs, problems)
    if labels is not None:
        _check_labels_overlap(labels[0], grid, problems)
    if len(problems) > before:
        return None
    return AlignedScene(
        grid, tuple(modalities), None if labels is None else AlignedLabels(*labels, asked)
    )


def _products(modality: SceneModality, problems: list[str]) -> Iterator[tuple[Mosaic, ...] | None]:
    """The mosaics of each product of a modality; None where it cannot be opened."""
    for said in modality.sources:
        try:
            sources = said.open()
        except FusionlsError as error:
            problems.append(f'modalities.{modality.name}: {error}'.replace('\n', '\n    '))
            yield None
            continue
        by_layers: dict[tuple[str, ...], list[Source]] = {}
        for source in sources:
            by_layers.setdefault(source.layers, []).append(source)
        yield tuple(tuple(mosaic) for mosaic in by_layers.values())


def _check_layers(opened: Sequence[_Opened], problems: list[str]) -> None:
    """Judge layers that only the open files could tell; the others were judged with the form."""
    if not all(modality.is_whole for modality in opened):
        return
    if all(modality.said.stated_layers is not None for modality in opened):
        return
    for modality in opened:
        elsewhere = [n for other in opened if other is not modality for n in other.layers]
        sources = [mosaic[0].layers for mosaic in modality.mosaics]
        problems += layer_problems(modality.said, sources, elsewhere, _hidden(modality))


def _check_fills(opened: Sequence[_Opened], problems: list[str]) -> None:
    """Refuse rasters that write -9999 where they have nothing and do not declare it."""
    for modality in opened:
        for source in (source for mosaic in modality.mosaics for source in mosaic):
            if not isinstance(source, SourceRaster):
                continue
            sample = Sample.of(source.path.name, source.grid, source.layers, source.read, FEW)
            for band, (layer, kind) in enumerate(zip(source.layers, source.kinds, strict=True)):
                fill = lone_fill(sample.values(band) / np.float32(source.scales[layer][0]))
                if fill is not None and fill < 0 and kind is Kind.CONTINUOUS:
                    problems.append(
                        f'modalities.{modality.said.name}: {source.path}: {layer} holds '
                        f'{fill:g} in some places, far from all other values, and declares no '
                        f'nodata; say nodata: {fill:g}'
                    )


def _hidden(modality: _Opened) -> set[str]:
    return {layer for mosaic in modality.mosaics for layer in mosaic[0].hidden}


def _aligned_modality(
    modality: _Opened,
    opened: Sequence[_Opened],
    base: Grid,
    factor: int,
    moved: tuple[float, float] | None,
    problems: list[str],
) -> AlignedModality:
    said, grid = modality.said, base.coarser(factor)
    mosaics = tuple(
        _overlapping(mosaic, grid, f'modalities.{said.name}', problems)
        for mosaic in modality.mosaics
    )
    layers = modality.layers
    derived = said.derived_from(layers)
    others = [mosaic for other in opened if other is not modality for mosaic in other.mosaics]
    elsewhere = [layer for mosaic in others for layer in mosaic[0].layers]
    try:
        needed = set(sources_for(derived, [*layers, *elsewhere])) - set(layers)
    except FusionlsError:
        needed = set()  # noted when the layers were checked
    return AlignedModality(
        said.name,
        mosaics,
        tuple(mosaic for mosaic in others if needed.intersection(mosaic[0].layers)),
        derived,
        said.kept_of(layers, _hidden(modality)),
        factor,
        grid,
        moved or (0.0, 0.0),
    )


def _overlapping(mosaic: Mosaic, grid: Grid, where: str, problems: list[str]) -> Mosaic:
    """Those sources of a mosaic that lie inside the scene; it is a problem where none does."""
    inside, why = [], []
    for source in mosaic:
        try:
            if Resampler(source.grid, grid).overlaps:
                inside.append(source)
                continue
            why.append(f'{source.path}: has no pixel inside the scene: it lies on {source.grid}')
        except pyproj.exceptions.ProjError as error:
            why.append(
                f'{source.path}: is in {source.grid.crs.name}, which cannot be related to the '
                f'scene ({error})'
            )
    if not inside:
        problems.append(
            f'{where}: {"; ".join(why)}; the scene is {shown(grid)}. Check grid: bounds, and '
            'the CRS of the file.'
        )
    return tuple(inside) or mosaic


def _factor(modality: _Opened, base: Grid) -> int:
    if modality.said.factor is not None:
        return modality.said.factor
    coarsest = 1.0
    for mosaic in modality.mosaics:
        if _hidden(modality).issuperset(mosaic[0].layers):
            continue  # a mask may be coarser than what it masks
        try:
            ratio = Resampler(mosaic[0].grid, base).ratio
        except pyproj.exceptions.ProjError:
            continue  # noted when the overlap is checked
        if math.isfinite(ratio) and ratio > 0:
            coarsest = max(coarsest, 1.0 / ratio)
    return next(f for f in AUTOMATIC_FACTORS if f <= COARSER_BY * coarsest)


def _look_at_labels(
    said: SceneLandslides | None, crs: pyproj.CRS, problems: list[str]
) -> tuple[MappedLandslides | LabelRaster, MappedArea | None] | None:
    if said is None:
        return None
    landslides: MappedLandslides | LabelRaster | None = None
    area = None
    try:
        if said.raster is not None:
            landslides = LabelRaster.open(said.raster, said.value)
        elif said.file is not None:
            landslides = MappedLandslides.open(said.file, crs, said.layer)
    except FusionlsError as error:
        problems.append(f'landslides: {error}')
    try:
        if said.mapped_area is not None:
            area = MappedArea.open(said.mapped_area, crs)
    except FusionlsError as error:
        problems.append(f'landslides.mapped_area: {error}')
    return None if landslides is None else (landslides, area)


def _check_labels_overlap(
    landslides: MappedLandslides | LabelRaster, grid: Grid, problems: list[str]
) -> None:
    if isinstance(landslides, LabelRaster):
        if not Resampler(landslides.grid, grid).overlaps:
            problems.append(
                f'landslides: {landslides.path}: has no pixel inside the scene: it lies on '
                f'{landslides.grid}; the scene is {shown(grid)}'
            )
    elif len(landslides.polygons) and landslides.within(grid).empty:
        extent = ', '.join(f'{value:.10g}' for value in landslides.polygons.total_bounds)
        problems.append(
            f'landslides: none of the {len(landslides.polygons)} polygons lies inside the scene: '
            f'they span ({extent}) in its CRS; the scene is {shown(grid)}'
        )
