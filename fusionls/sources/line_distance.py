"""Mapped lines (faults, rivers, roads) -> distance to the nearest of them, on any pixels.

Flow: file -> geo.vector_io -> [here] -> stack.align.
Distances are exact, from each pixel's centre to the lines themselves: nothing is drawn on pixels
first. Lines count wherever they lie, beyond the scene too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyproj
import shapely

from fusionls.errors import InputError, UnitUnknownError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.vector_io import read_lines, with_sidecars
from fusionls.geo.window import Window, row_strips
from fusionls.layers.catalog import layer_spec
from fusionls.quantities import Quantity
from fusionls.sources.source import Source

POINTS = 1 << 17
"""Pixel centres looked up at once: some 20 MB of geometries."""


@dataclass(frozen=True)
class LineDistance(Source):
    """Distance to lines on the pixels of :attr:`grid`; :meth:`on` gives it on others.

    Attributes:
        lines: In the CRS of the grid.
        most: Distances are cut off here, metres; None for no limit.
    """

    path: Path
    grid: Grid
    quantities: dict[str, Quantity]
    lines: geopandas.GeoSeries
    most: float | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The file and what belongs to it."""
        return tuple(with_sidecars(self.path))

    @property
    def record(self) -> Mapping[str, Any]:  # type: ignore[override]
        """What it is the distance to."""
        return {'product': 'line_distance', 'lines': len(self.lines), 'most': self.most}

    @cached_property
    def _segments(self) -> shapely.STRtree:
        """Every straight piece of the lines: a tree of pieces finds the nearest much sooner."""
        points, line = shapely.get_coordinates(
            shapely.get_parts(self.lines.values), return_index=True
        )
        same = line[1:] == line[:-1]
        ends = np.stack([points[:-1][same], points[1:][same]], axis=1)  # (n, 2, 2)
        return shapely.STRtree(shapely.linestrings(ends))

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`."""
        part = self.grid if window is None else self.grid.part(window)
        metres = np.empty((1, *part.shape), np.float32)
        for strip in row_strips(part.rows, part.cols, max(1, POINTS // part.cols)):
            metres[(0, *strip.slices)] = self._metres(part.part(strip))
        return metres, np.ones(metres.shape, bool)

    def _metres(self, grid: Grid) -> FloatArray:
        """(rows, cols): from each pixel's centre to the nearest line."""
        east = grid.west + (np.arange(grid.cols) + 0.5) * grid.pixel_width
        north = grid.north - (np.arange(grid.rows) + 0.5) * grid.pixel_height
        centres = shapely.points(*np.meshgrid(east, north)).ravel()
        _, distance = self._segments.query_nearest(centres, return_distance=True, all_matches=False)
        metres = distance.reshape(grid.shape) * grid.metres_per_unit
        return np.asarray(metres if self.most is None else metres.clip(max=self.most))

    def on(self, grid: Grid) -> Source:
        """The distance measured in the CRS, and on the very pixels, of a grid."""
        lines = self.lines.to_crs(grid.crs)
        return LineDistance(self.path, grid, self.quantities, lines, self.most)


def open_line_distance(
    file: Path, *, name: str, layer: str | None = None, most: float | None = None
) -> tuple[Source, ...]:
    """Distance to mapped lines, such as faults: exact, in metres, on any pixels.

    Args:
        file: GeoPackage, GeoJSON, Shapefile, GeoParquet or FlatGeobuf of lines.
        name: The layer that comes of it, such as ``geology_fault_distance``; in metres.
        layer: Layer of the file; the first by default.
        most: Distances are cut off here, metres: far away a fault does not matter.

    Raises:
        FileMissingError: There is no such file.
        CrsMissingError: The file does not say where it is.
        InputError: It holds no lines, or ``most`` is not positive.
        LayerUnknownError: ``name`` is not in the catalogue.
        UnitUnknownError: The layer does not count in metres.
    """
    quantity = layer_spec(name).quantity
    if quantity.unit != 'm':
        raise UnitUnknownError(f'{file}: a distance is in m, layer {name!r} in {quantity.unit!r}')
    if most is not None and not most > 0:
        raise InputError(f'{file}: most is {most}; expected a distance > 0 m')
    frame = read_lines(file, layer=layer)
    if frame.empty:
        raise InputError(f'{file}: holds no line')
    lines = frame.geometry
    if frame.crs.is_geographic:  # distances need metres, of which degrees have no fixed number
        lines = lines.to_crs(lines.estimate_utm_crs())
    return (LineDistance(file, _reach(lines, most), {name: quantity}, lines, most),)


def _reach(lines: geopandas.GeoSeries, most: float | None) -> Grid:
    """Where lines are worth measuring from: as far as ``most``, or their own extent again.

    One CRS unit a pixel: whatever pixels a scene has, lines are not what makes it coarse.
    """
    west, south, east, north = map(float, lines.total_bounds)
    crs = pyproj.CRS(lines.crs)
    width = max(east - west, north - south) if most is None else most
    rows, cols = (int(side + 2 * width) + 1 for side in (north - south, east - west))
    return Grid(crs, west - width, north + width, 1.0, 1.0, rows, cols)
