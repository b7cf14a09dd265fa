"""A stack with an inventory laid on it: labels that know what is uncertain, and single landslides.

Flow: stack.layer_stack, sources.mapped_landslides -> [here] -> datasets.stack_dataset.
A mapper's line is off by some metres, and what is smaller than the inventory's least size was
drawn or left out by chance. Neither is evidence for or against a landslide: both become pixels
that do not count.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from fusionls.errors import InputError, raise_together
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.sources.mapped_landslides import LANDSLIDE, UNMAPPED, MappedArea, MappedLandslides
from fusionls.stack.layer_stack import LayerStack, StackModality

BLOCK = 256
"""Labels are drawn, and kept, in square blocks of this side, base pixels: a byte a pixel."""
ARC_SEGMENTS = 16
"""Segments of a quarter circle of a buffer: its radius is short by 0.1 % at most."""


class MappedScene:
    """A stack whose labels are drawn from polygons; satisfies ``datasets.Scene``.

    Where the labels of the stack say that nobody has looked, nothing is known here either.

    Args:
        stack: The layers.
        landslides: Polygons in the CRS of the stack.
        edge_band: Metres. Pixels whose centre is so close to the outline of the landslides, on
            either side, do not count. The outline is that of all of them together: where two
            touch there is no doubt that it is a landslide.
        least_area: Square metres. Smaller landslides do not count, with the pixels they cover.

    Raises:
        InputError: A width or an area is negative.
    """

    def __init__(
        self,
        stack: LayerStack,
        landslides: MappedLandslides,
        *,
        edge_band: float = 0.0,
        least_area: float = 0.0,
    ) -> None:
        named = {'edge_band': edge_band, 'least_area': least_area}
        raise_together(
            InputError,
            f'{stack.name}: the inventory cannot be drawn',
            [
                f'{name} is {value}; expected 0 or more'
                for name, value in named.items()
                if value < 0
            ],
        )
        self.stack = stack
        self.landslides = landslides
        self.edge_band = edge_band
        self.least_area = least_area
        self._drawn: dict[Window, NDArray[np.uint8]] = {}

    @property
    def name(self) -> str:
        """Name of the scene."""
        return self.stack.name

    @property
    def grid(self) -> Grid:
        """The base grid."""
        return self.stack.grid

    @property
    def simulated(self) -> bool:
        """Whether the scene was made up by a simulation."""
        return self.stack.simulated

    @property
    def modalities(self) -> Mapping[str, StackModality]:
        """Those of the stack."""
        return self.stack.modalities

    def read(
        self, window: Window, modalities: Sequence[str] | None = None
    ) -> dict[str, tuple[FloatArray, BoolArray]]:
        """See ``LayerStack.read``."""
        return self.stack.read(window, modalities)

    def read_labels(self, window: Window) -> NDArray[np.uint8]:
        """(h, w): 1 landslide, 0 none, 255 uncertain, not mapped or outside of the scene."""
        labels = np.full((window.height, window.width), UNMAPPED, np.uint8)
        for block in _blocks(window.intersection(self.grid.window)):
            if block not in self._drawn:
                self._drawn[block] = self._draw(block)
            common = window.intersection(block)
            if common is not None:
                here, there = common.relative_to(window), common.relative_to(block)
                labels[here.slices] = self._drawn[block][there.slices]
        return labels

    def _draw(self, window: Window) -> NDArray[np.uint8]:
        """Draw the labels of a window."""
        part = self.grid.part(window)
        labels = self._sized[True].labels(part)
        if self.least_area:
            small = self._sized[False].labels(part) == LANDSLIDE
            labels[small & (labels != LANDSLIDE)] = UNMAPPED
        if self.edge_band:
            labels[self._band.mask(part)] = UNMAPPED
        labels[~self._known(window)] = UNMAPPED
        return labels

    def read_instances(self, window: Window) -> tuple[BoolArray, BoolArray]:
        """Each landslide of a window for itself.

        Returns:
            Masks (K, h, w) bool, which overlap where polygons do, and whether each is smaller
            than ``least_area`` (K,). Their edges are those of the polygons: an edge band says
            how pixels count, not where an object ends.
        """
        masks, places = self.landslides.masks(self.grid.part(window))
        return masks & self._known(window), ~self._large[places]

    def _known(self, window: Window) -> BoolArray:
        """Where somebody has looked, (h, w)."""
        if self.stack.has_labels:
            return self.stack.read_labels(window) != UNMAPPED
        known = np.zeros((window.height, window.width), bool)
        inside = window.intersection(self.grid.window)
        if inside is not None:
            known[inside.relative_to(window).slices] = True
        return known

    @cached_property
    def _large(self) -> BoolArray:
        """Which of the polygons are large enough."""
        unit = self.grid.metres_per_unit
        return np.asarray(self.landslides.polygons.area * unit**2 >= self.least_area)

    @cached_property
    def _sized(self) -> dict[bool, MappedLandslides]:
        """The polygons that are large enough, and those that are not."""
        polygons = self.landslides.polygons
        return {size: MappedLandslides(polygons[self._large == size]) for size in (True, False)}

    @cached_property
    def _band(self) -> MappedArea:
        """What lies so close to the outline of the landslides that it is uncertain."""
        near = self._near(self._sized[True].polygons)
        outline = shapely.get_parts(shapely.boundary(shapely.union_all(near.geometry.values)))
        width = self.edge_band / self.grid.metres_per_unit
        bands = shapely.buffer(outline, width, quad_segs=ARC_SEGMENTS)
        return MappedArea(geopandas.GeoDataFrame(geometry=bands, crs=near.crs))

    def _near(self, polygons: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
        """Polygons whose band can reach into the scene."""
        margin = math.ceil(self.edge_band / self.grid.pixel)
        return MappedLandslides(polygons).within(self.grid.part(self.grid.window.grown(margin)))


def _blocks(window: Window | None) -> Iterator[Window]:
    """The blocks that a window touches."""
    if window is None:
        return
    for row in range(window.row // BLOCK * BLOCK, window.row + window.height, BLOCK):
        for col in range(window.col // BLOCK * BLOCK, window.col + window.width, BLOCK):
            yield Window(row, col, BLOCK, BLOCK)
