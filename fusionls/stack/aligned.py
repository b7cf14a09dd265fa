"""Read all sources of a scene, window by window, as if they lay on its grids.

Flow: stack.align (files that are open, grids that are chosen) -> [here] -> stack.build.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas
import numpy as np
from numpy.typing import NDArray

from fusionls.geo.grid import Grid
from fusionls.geo.north import north_turn, turned_north
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.resample import Resampler
from fusionls.geo.window import Window, row_strips
from fusionls.layers.catalog import layer_spec
from fusionls.layers.derivation import derive, halo_of, sources_for, steps_for
from fusionls.layers.spec import Plane
from fusionls.quantities import Kind, Quantity
from fusionls.sources.mapped_landslides import (
    UNMAPPED,
    LabelRaster,
    MappedArea,
    MappedLandslides,
)
from fusionls.sources.source import North, Source

WHOLE_MARGIN = 64
"""Pixels beyond the scene from where water may flow into it."""
WHOLE_ROWS = 256
"""Rows read at a time for layers that need the whole scene."""
TURNING = frozenset({Kind.AZIMUTH, Kind.EAST, Kind.NORTH})
"""Kinds that change their numbers where the north they are counted from changes."""

Mosaic = tuple[Source, ...]
"""Sources of the same layers; where several are valid, the first is on top."""


@dataclass(frozen=True)
class AlignedModality:
    """A modality that can be read window by window on its own grid.

    Attributes:
        name: ``optical``, ``terrain``, ...
        mosaics: Its products.
        borrowed: Products of other modalities that its derived layers need.
        derived: Layers derived from them.
        layers: Layers of the stack, in band order.
        factor: Pixel side in base pixels.
        grid: Its grid.
        moved: How far its sources are moved before they are read: metres east, metres north.
    """

    name: str
    mosaics: tuple[Mosaic, ...]
    borrowed: tuple[Mosaic, ...]
    derived: tuple[str, ...]
    layers: tuple[str, ...]
    factor: int
    grid: Grid
    moved: tuple[float, float] = (0.0, 0.0)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Its own sources."""
        return tuple(source for mosaic in self.mosaics for source in mosaic)

    @property
    def source_layers(self) -> tuple[str, ...]:
        """Layers that sources hold, borrowed ones included."""
        return tuple(n for mosaic in (*self.mosaics, *self.borrowed) for n in mosaic[0].layers)

    @property
    def quantities(self) -> dict[str, Quantity]:
        """Unit and kind of each layer, in band order."""
        known = {name: layer_spec(name).quantity for name in self.derived}
        for source in self.sources:
            known |= source.quantities
        return {name: known[name] for name in self.layers}

    @cached_property
    def _drawn_from(self) -> Grid:
        """Its grid, displaced against the move: what is read there lies here."""
        east, north = self.moved
        unit = self.grid.metres_per_unit
        return self.grid.shifted(-east / unit, -north / unit)

    @cached_property
    def _readers(self) -> list[tuple[list[tuple[Source, Resampler]], bool]]:
        """Sources as they are read onto the grid, by mosaic, and whether they are its own."""
        return [
            (
                [
                    (gridded, Resampler(gridded.grid, target))
                    for gridded in (source.on(target) for source in mosaic)
                ],
                own,
            )
            for mosaics, own, target in (
                (self.mosaics, True, self._drawn_from),
                (self.borrowed, False, self.grid),
            )
            for mosaic in mosaics
        ]

    @cached_property
    def _whole_layers(self) -> tuple[str, ...]:
        """Layers that need the whole scene at once."""
        steps = steps_for(self.derived, self.source_layers)
        return tuple(step.layer for step in steps if step.derivation.whole)

    @cached_property
    def _whole(self) -> dict[str, Plane]:
        """Layers that need the whole scene, on the grid grown by :data:`WHOLE_MARGIN`.

        Held in memory for the whole scene: five bytes a pixel and layer.
        """
        frame = self.grid.window.grown(WHOLE_MARGIN)
        needed = sources_for(self._whole_layers, self.source_layers)
        parts: dict[str, Plane] = {
            name: (
                np.zeros((frame.height, frame.width), np.float32),
                np.zeros((frame.height, frame.width), bool),
            )
            for name in needed
        }
        for strip in row_strips(frame.height, frame.width, WHOLE_ROWS):
            there = Window(strip.row + frame.row, frame.col, strip.height, strip.width)
            found, _ = self._read_sources(there)
            for name, (values, valid) in parts.items():
                values[strip.slices], valid[strip.slices] = found[name]
        return derive(parts, self._whole_layers, self.grid.pixel)

    def read(self, window: Window) -> tuple[FloatArray, BoolArray]:
        """Read a window of the modality's grid, derived layers included.

        Sources are read beyond the window, and beyond the scene, as far as the derived layers
        reach; so these are invalid at the scene's edge only where the source ends there.

        Returns:
            values (layers, h, w) float32, zero where invalid, and valid, alike.
        """
        known = (*self.source_layers, *self._whole_layers)
        halo = halo_of(self._local_layers, known, self.grid.pixel)
        wide = window.grown(halo) if halo else window
        found, usable = self._read_sources(wide)
        if self._whole_layers:
            found |= self._whole_part(wide)
        found |= derive(found, self._local_layers, self.grid.pixel)
        inner = (slice(halo, halo + window.height), slice(halo, halo + window.width))
        values = np.stack([found[name][0][inner] for name in self.layers])
        valid = np.stack([found[name][1][inner] & usable[inner] for name in self.layers])
        return np.where(valid, values, np.float32(0)), valid

    @property
    def _local_layers(self) -> list[str]:
        return [name for name in self.derived if name not in self._whole_layers]

    def _whole_part(self, window: Window) -> dict[str, Plane]:
        """What the whole layers hold in a window; invalid beyond their frame."""
        frame = self.grid.window.grown(WHOLE_MARGIN)
        inside = window.intersection(frame)
        found: dict[str, Plane] = {}
        for name, (values, valid) in self._whole.items():
            part = np.zeros((window.height, window.width), np.float32)
            sound = np.zeros(part.shape, bool)
            if inside is not None:
                here = inside.relative_to(window).slices
                there = inside.relative_to(frame).slices
                part[here], sound[here] = values[there], valid[there]
            found[name] = (part, sound)
        return found

    def _read_sources(self, window: Window) -> tuple[dict[str, Plane], BoolArray]:
        """Layers of all sources on a window, and where the masks among them leave pixels."""
        found: dict[str, Plane] = {}
        usable = np.ones((window.height, window.width), bool)
        for mosaic, own in self._readers:
            values, valid = self._read_one(*mosaic[0], window)
            for source, resampler in mosaic[1:]:
                if valid.all():
                    break
                below, sound = self._read_one(source, resampler, window)
                fills = sound & ~valid
                values[fills], valid = below[fills], valid | fills
            first = mosaic[0][0]
            found |= {n: (values[i], valid[i]) for i, n in enumerate(first.layers)}
            if own and first.masks:
                usable &= valid.all(axis=0)
        return found, usable

    def _read_one(
        self, source: Source, resampler: Resampler, window: Window
    ) -> tuple[FloatArray, BoolArray]:
        values, valid = resampler.part(source.read, window, source.kinds)
        if not TURNING.isdisjoint(source.kinds):
            angle = north_turn(source.grid, source.north is North.TRUE, self.grid, window)
            values = turned_north(values, source.kinds, source.layers, angle)
        return values, valid


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
            known[inside.relative_to(window).slices] = True
        if self.area is not None:
            known &= self.area.mask(part)
        return np.where(known, labels, np.uint8(UNMAPPED))


@dataclass(frozen=True)
class AlignedScene:
    """A scene whose files fit together: the base grid, and what to read on it."""

    grid: Grid
    modalities: tuple[AlignedModality, ...]
    labels: AlignedLabels | None
