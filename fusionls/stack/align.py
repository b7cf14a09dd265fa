"""Choose the base grid and every modality's pixel, and read all sources as if they lay on it.

Flow: stack.scene -> [here: opens the files, all problems at once] -> stack.build -> stack.store.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import geopandas
import numpy as np
import pyproj
from numpy.typing import NDArray

from fusionls.errors import FusionlsError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.resample import Resampler
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.layers.derivation import derive, halo_of
from fusionls.quantities import Quantity
from fusionls.sources.mapped_landslides import (
    UNMAPPED,
    LabelRaster,
    MappedArea,
    MappedLandslides,
)
from fusionls.sources.rasters import SourceRaster
from fusionls.stack.scene import Scene, SceneLandslides, SceneModality, SceneSource

AUTOMATIC_FACTORS = (8, 4, 2, 1)
COARSER_BY = 1.25
"""How much coarser than its sources a modality may be chosen to be: 30 m goes to 32, not to 16."""
_MAX_SIDE = 2_000_000
"""Rows or columns beyond which a grid is a slip of the pen (a pixel given in degrees)."""


@dataclass(frozen=True)
class AlignedModality:
    """A modality that can be read window by window on its own grid.

    Attributes:
        name: ``optical``, ``terrain``, ...
        sources: Its files.
        derived: Layers derived from them.
        layers: Layers of the stack, in band order.
        factor: Pixel side in base pixels.
        grid: Its grid.
    """

    name: str
    sources: tuple[SourceRaster, ...]
    derived: tuple[str, ...]
    layers: tuple[str, ...]
    factor: int
    grid: Grid

    @property
    def quantities(self) -> dict[str, Quantity]:
        """Unit and kind of each layer, in band order."""
        known = {name: layer_spec(name).quantity for name in self.derived}
        for source in self.sources:
            known |= source.quantities
        return {name: known[name] for name in self.layers}

    @property
    def source_layers(self) -> tuple[str, ...]:
        """Layers its files hold."""
        return tuple(layer for source in self.sources for layer in source.layers)

    @cached_property
    def _resamplers(self) -> list[Resampler]:
        return [Resampler(source.grid, self.grid) for source in self.sources]

    def read(self, window: Window) -> tuple[FloatArray, BoolArray]:
        """Read a window of the modality's grid, derived layers included.

        Sources are read beyond the window, and beyond the scene, as far as the derived layers
        reach; so these are invalid at the scene's edge only where the source ends there.

        Returns:
            values (layers, h, w) float32, zero where invalid, and valid, alike.
        """
        halo = halo_of(self.derived, self.source_layers, self.grid.pixel)
        wide = window.grown(halo) if halo else window
        found: dict[str, tuple[FloatArray, BoolArray]] = {}
        usable = np.ones((wide.height, wide.width), bool)
        for source, resampler in zip(self.sources, self._resamplers, strict=True):
            values, valid = resampler.part(source.read, wide, source.kinds)
            found |= {n: (values[i], valid[i]) for i, n in enumerate(source.layers)}
            if source.masks:
                usable &= valid.all(axis=0)
        found |= derive(found, self.derived, self.grid.pixel)
        inner = (slice(halo, halo + window.height), slice(halo, halo + window.width))
        values = np.stack([found[name][0][inner] for name in self.layers])
        valid = np.stack([found[name][1][inner] & usable[inner] for name in self.layers])
        return np.where(valid, values, np.float32(0)), valid


@dataclass(frozen=True)
class AlignedLabels:
    """Labels that can be read window by window on the base grid.

    Attributes:
        landslides: Polygons or a mask.
        area: Where somebody has looked; None for everywhere.
        asked: Part of the base grid that the scene asked for; beyond it the grid only fills up
            a whole number of coarse pixels.
    """

    landslides: MappedLandslides | LabelRaster
    area: MappedArea | None
    asked: Window

    def polygons_within(self, grid: Grid) -> geopandas.GeoDataFrame | None:
        """The mapped polygons that touch the grid; None where a mask was given."""
        if isinstance(self.landslides, LabelRaster):
            return None
        return self.landslides.within(grid)

    def read(self, base: Grid, window: Window) -> NDArray[np.uint8]:
        """(h, w) uint8: 1 landslide, 0 none, 255 not mapped."""
        part = base.part(window)
        labels = self.landslides.labels(part)
        known = np.zeros(labels.shape, bool)
        inside = window.intersection(self.asked)
        if inside is not None:
            rows, cols = Window(
                inside.row - window.row, inside.col - window.col, inside.height, inside.width
            ).slices
            known[rows, cols] = True
        if self.area is not None:
            known &= self.area.mask(part)
        return np.where(known, labels, np.uint8(UNMAPPED))


@dataclass(frozen=True)
class AlignedScene:
    """A scene whose files fit together: the base grid, and what to read on it."""

    grid: Grid
    modalities: tuple[AlignedModality, ...]
    labels: AlignedLabels | None


def aligned(scene: Scene, problems: list[str]) -> AlignedScene | None:
    """Open every file of a scene and choose its grids.

    Args:
        scene: What the description says.
        problems: What is wrong is added here: files that cannot be used, no common place, ...

    Returns:
        The scene, or None where something is wrong.
    """
    before = len(problems)
    opened = [(m, _opened(m, problems)) for m in scene.modalities]
    base = _base_grid(scene, opened, problems)
    landslides = scene.landslides
    if base is None:
        _look_at_labels(landslides, pyproj.CRS(4326), problems)
        return None
    factors = [_factor(m, sources, base, problems) for m, sources in opened]
    asked = base.window
    grid = _filled_up(base, max(factors, default=1))
    modalities = []
    for (modality, sources), factor in zip(opened, factors, strict=True):
        own = grid.coarser(factor)
        for source in sources:
            _check_overlap(source, own, f'modalities.{modality.name}', problems)
        modalities.append(
            AlignedModality(
                modality.name, tuple(sources), modality.derive, modality.layers, factor, own
            )
        )
    labels = _look_at_labels(landslides, grid.crs, problems)
    if labels is not None:
        _check_labels_overlap(labels[0], grid, problems)
    if len(problems) > before:
        return None
    return AlignedScene(
        grid, tuple(modalities), None if labels is None else AlignedLabels(*labels, asked)
    )


def _opened(modality: SceneModality, problems: list[str]) -> list[SourceRaster]:
    found = []
    for source in modality.sources:
        raster = _opened_source(source, f'modalities.{modality.name}', problems)
        if raster is not None:
            found.append(raster)
    return found


def _opened_source(source: SceneSource, where: str, problems: list[str]) -> SourceRaster | None:
    try:
        return SourceRaster.open(
            source.file,
            source.layers,
            unit=source.unit,
            kind=source.kind,
            nodata=source.nodata,
            mask_below=source.mask_below,
        )
    except FusionlsError as error:
        problems.append(f'{where}: {error}'.replace('\n', '\n    '))
        return None


def _base_grid(
    scene: Scene,
    opened: Sequence[tuple[SceneModality, list[SourceRaster]]],
    problems: list[str],
) -> Grid | None:
    """The base grid, before it is filled up to whole coarse pixels."""
    asked = scene.grid
    first = next((s for modality, s in opened if modality.sources), [])
    modality = next((m for m, _ in opened if m.sources), None)
    source = first[0] if first and modality and first[0].path == modality.sources[0].file else None
    if source is None:
        if asked.crs is None or asked.pixel is None or asked.bounds is None:
            return None  # the first source, which would tell the rest, is among the problems
        return _grid_of_bounds(asked.crs, asked.pixel, asked.bounds, problems)
    own = source.grid
    crs = asked.crs or own.crs
    same_crs = crs == own.crs
    if not crs.is_projected:
        problems.append(
            f'grid: {source.path.name}, the first source, is in {own.crs.name}, which is not '
            f'projected; say the base grid: grid: {{crs: {_utm(own)}, pixel: ...}}'
        )
        return None
    square = math.isclose(own.pixel_width, own.pixel_height, rel_tol=1e-6)
    if asked.pixel is None and not (same_crs and square):
        problems.append(
            f'grid: {source.path.name}, the first source, has pixels of {own.pixel_width:g} x '
            f'{own.pixel_height:g} in {own.crs.name}; say the base pixel: '
            f'grid: {{crs: {crs.to_string() if asked.crs else _utm(own)}, pixel: ...}}'
        )
        return None
    pixel = asked.pixel or own.pixel_width
    if asked.bounds is not None:
        return _grid_of_bounds(crs, pixel, asked.bounds, problems)
    if same_crs:
        return _grid_of_bounds(crs, pixel, own.bounds, problems)
    try:
        to_base = pyproj.Transformer.from_crs(own.crs, crs, always_xy=True)
        west, south, east, north = to_base.transform_bounds(*own.bounds, densify_pts=50)
    except pyproj.exceptions.ProjError as error:
        problems.append(f'grid: {source.path.name} cannot be brought to {crs.name}: {error}')
        return None
    if not all(map(math.isfinite, (west, south, east, north))):
        problems.append(f'grid: {source.path.name} does not lie where {crs.name} is defined')
        return None
    snapped = (math.floor(west / pixel) * pixel, south, east, math.ceil(north / pixel) * pixel)
    return _grid_of_bounds(crs, pixel, snapped, problems)


def _grid_of_bounds(
    crs: pyproj.CRS, pixel: float, bounds: tuple[float, float, float, float], problems: list[str]
) -> Grid | None:
    west, south, east, north = bounds
    # a thousandth of a pixel is rounding, not another row
    rows = max(math.ceil((north - south) / pixel - 1e-3), 1)
    cols = max(math.ceil((east - west) / pixel - 1e-3), 1)
    if max(rows, cols) > _MAX_SIDE:
        problems.append(
            f'grid: bounds {tuple(round(b, 6) for b in bounds)} hold {rows} x {cols} pixels of '
            f'{pixel:g}; check pixel, which is in units of {crs.name} (metres, as a rule)'
        )
        return None
    return Grid(crs, west, north, pixel, pixel, rows, cols)


def _filled_up(grid: Grid, factor: int) -> Grid:
    """The grid with rows and columns added, south and east, to multiples of ``factor``."""
    return grid.part(
        Window(0, 0, -(-grid.rows // factor) * factor, -(-grid.cols // factor) * factor)
    )


def _factor(
    modality: SceneModality, sources: Sequence[SourceRaster], base: Grid, problems: list[str]
) -> int:
    if modality.factor is not None:
        return modality.factor
    coarsest = 1.0
    for source in sources:
        try:
            ratio = Resampler(source.grid, base).ratio
        except pyproj.exceptions.ProjError:
            continue  # noted when the overlap is checked
        if math.isfinite(ratio) and ratio > 0:
            coarsest = max(coarsest, 1.0 / ratio)
    return next(f for f in AUTOMATIC_FACTORS if f <= COARSER_BY * coarsest)


def _check_overlap(source: SourceRaster, grid: Grid, where: str, problems: list[str]) -> None:
    try:
        if Resampler(source.grid, grid).overlaps:
            return
        why = f'has no pixel inside the scene: it lies on {source.grid}'
    except pyproj.exceptions.ProjError as error:
        why = f'is in {source.grid.crs.name}, which cannot be related to the scene ({error})'
    problems.append(
        f'{where}: {source.path}: {why}; the scene is {_shown(grid)}. Check grid: bounds, and '
        'the CRS of the file.'
    )


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
                f'{landslides.grid}; the scene is {_shown(grid)}'
            )
    elif len(landslides.polygons) and landslides.within(grid).empty:
        extent = ', '.join(f'{value:.10g}' for value in landslides.polygons.total_bounds)
        problems.append(
            f'landslides: none of the {len(landslides.polygons)} polygons lies inside the scene: '
            f'they span ({extent}) in its CRS; the scene is {_shown(grid)}'
        )


def _utm(grid: Grid) -> str:
    """Code of the UTM zone of a grid's centre, for an error text."""
    west, south, east, north = grid.bounds
    to_degrees = pyproj.Transformer.from_crs(grid.crs, grid.crs.geodetic_crs, always_xy=True)
    longitude, latitude = to_degrees.transform((west + east) / 2, (south + north) / 2)
    zone = int((longitude + 180) // 6) % 60 + 1
    return f'EPSG:{32600 + zone if latitude >= 0 else 32700 + zone}'


def _shown(grid: Grid) -> str:
    bounds = ', '.join(f'{value:.10g}' for value in grid.bounds)
    return f'({bounds}) in {grid.crs.name}'
