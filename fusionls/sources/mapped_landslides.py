"""Landslides somebody has mapped (polygons, or a mask raster) -> labels 1, 0 and 255.

Flow: files -> geo.vector_io, geo.raster_io -> [here] -> stack (labels.tif).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from fusionls.errors import LabelError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import grid_of, opened, read_bands
from fusionls.geo.resample import Resampler
from fusionls.geo.vector_io import read_polygons
from fusionls.geo.window import Window, row_strips
from fusionls.quantities import Kind

LANDSLIDE, NONE, UNMAPPED = 1, 0, 255
"""Labels: a landslide, none, nobody has looked."""
_SCAN_ROWS = 512
_MAX_NAMED_VALUES = 8  # how many values of a bad mask an error lists


@dataclass(frozen=True)
class MappedLandslides:
    """Polygons of landslides.

    Attributes:
        polygons: In the CRS of the grids they are drawn on.
    """

    polygons: geopandas.GeoDataFrame

    @classmethod
    def open(cls, path: str | Path, crs: pyproj.CRS, layer: str | None = None) -> MappedLandslides:
        """Read polygons into ``crs``; raises what :func:`read_polygons` raises."""
        return cls(read_polygons(path, crs, layer))

    def within(self, grid: Grid) -> geopandas.GeoDataFrame:
        """The polygons, whole, that touch a grid."""
        return self.polygons.iloc[_touching(self.polygons, grid)]

    def labels(self, grid: Grid) -> NDArray[np.uint8]:
        """Draw the landslides: 1 inside, 0 outside.

        A pixel is inside where its centre is; the pixel under a point inside each polygon counts
        too, so that a landslide smaller than a pixel is never lost.
        """
        return _landslide_pixels(self.within(grid).geometry, grid)

    def masks(self, grid: Grid) -> tuple[BoolArray, NDArray[np.int64]]:
        """Draw each landslide for itself, by the rule of :meth:`labels`.

        Returns:
            (K, rows, cols) bool, those that have a pixel here; they overlap where the polygons
            do. And the place of each among :attr:`polygons` (K,).
        """
        touching = _touching(self.polygons, grid)
        shapes = self.polygons.geometry.iloc[touching]
        masks = np.zeros((len(shapes), *grid.shape), bool)
        for mask, shape, bounds in zip(masks, shapes, shapes.bounds.to_numpy(), strict=True):
            window = _pixels_under(bounds, grid)
            if window is not None:
                mask[window.slices] = _drawn([shape], grid.part(window))
        number, row, col = _inner_pixels(shapes, grid)
        masks[number, row, col] = True
        here = masks.any(axis=(1, 2))
        return masks[here], touching[here]


@dataclass(frozen=True)
class MappedArea:
    """Polygons of where somebody has looked for landslides; outside nothing is known."""

    polygons: geopandas.GeoDataFrame

    @classmethod
    def open(cls, path: str | Path, crs: pyproj.CRS) -> MappedArea:
        """Read polygons into ``crs``; raises what :func:`read_polygons` raises."""
        return cls(read_polygons(path, crs))

    def mask(self, grid: Grid) -> BoolArray:
        """True where the pixel's centre is inside the mapped area."""
        touching = self.polygons.iloc[_touching(self.polygons, grid)].geometry
        return _drawn(touching, grid).astype(bool)


@dataclass(frozen=True)
class LabelRaster:
    """Landslides as a mask raster.

    Attributes:
        path: The file, one band.
        grid: Its grid.
        value: What a landslide pixel holds; None where the mask holds no landslide.
        nodata: What a pixel holds that nobody has looked at, or None.
    """

    path: Path
    grid: Grid
    value: float | None
    nodata: float | None

    @classmethod
    def open(cls, path: str | Path, value: float | None = None) -> LabelRaster:
        """Look through a mask.

        A nodata of 0 is taken for background, as masks often declare it; any other nodata, and
        NaN, for pixels that nobody has looked at.

        Args:
            path: The file.
            value: What a landslide pixel holds; by default the one value beside 0.

        Raises:
            LabelError: The mask has several bands, or several values beside 0 and no ``value``.
            FileMissingError: There is no such file.
            NotARasterError: It is no raster.
            CrsMissingError: It has no CRS.
            RotatedRasterError: It is not north-up.
        """
        path = Path(path)
        with opened(path) as dataset:
            grid = grid_of(dataset)
            if dataset.count != 1:
                raise LabelError(f'{path}: a mask has one band, this has {dataset.count}')
            nodata = dataset.nodata
        if nodata is not None and (nodata == 0 or np.isnan(nodata)):
            nodata = None
        mask = cls(path, grid, value, nodata)
        found: set[float] = set()
        for strip in row_strips(grid.rows, grid.cols, _SCAN_ROWS):
            values, valid = mask._read(strip)
            found |= set(np.unique(values[valid]).tolist())
        marked = sorted(found - {0.0})
        if value is None and len(marked) > 1:
            shown = ', '.join(f'{v:g}' for v in marked[:_MAX_NAMED_VALUES])
            more = ', ...' if len(marked) > _MAX_NAMED_VALUES else ''
            raise LabelError(
                f'{path}: holds {len(marked)} values beside 0 ({shown}{more}); expected one. '
                'Say which one is a landslide (value: ...), or declare the value of unmapped '
                'pixels as the nodata of the file.'
            )
        if value is not None and value not in marked:
            raise LabelError(
                f'{path}: holds no pixel of value {value:g}; found {sorted(found)[:8]}'
            )
        return cls(path, grid, marked[0] if value is None and marked else value, nodata)

    def labels(self, grid: Grid) -> NDArray[np.uint8]:
        """Labels on another grid, by the nearest pixel: 1, 0, and 255 where nobody has looked."""
        values, valid = Resampler(self.grid, grid).part(self._read, grid.window, [Kind.CATEGORICAL])
        drawn = np.where(values[0] == self.value, LANDSLIDE, NONE)
        return np.where(valid[0], drawn, UNMAPPED).astype(np.uint8)

    def _read(self, window: Window) -> tuple[FloatArray, BoolArray]:
        with opened(self.path) as dataset:
            return read_bands(dataset, [1], window, self.nodata, use_mask=False)


def _touching(polygons: geopandas.GeoDataFrame, grid: Grid) -> NDArray[np.int64]:
    west, south, east, north = grid.bounds
    found: NDArray[np.int64] = polygons.sindex.query(
        shapely.box(west, south, east, north), predicate='intersects', sort=True
    )
    return found


def _landslide_pixels(shapes: geopandas.GeoSeries, grid: Grid) -> NDArray[np.uint8]:
    """1 where a centre lies in a shape, and under a point inside each of them."""
    drawn = _drawn(shapes, grid)
    _, row, col = _inner_pixels(shapes, grid)
    drawn[row, col] = LANDSLIDE
    return drawn


def _inner_pixels(
    shapes: geopandas.GeoSeries, grid: Grid
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The pixel under a point inside each shape: place of the shape, row, column."""
    points = shapes.representative_point()
    cols = np.floor((points.x.to_numpy() - grid.west) / grid.pixel_width).astype(np.int64)
    rows = np.floor((grid.north - points.y.to_numpy()) / grid.pixel_height).astype(np.int64)
    inside = (rows >= 0) & (rows < grid.rows) & (cols >= 0) & (cols < grid.cols)
    return np.flatnonzero(inside), rows[inside], cols[inside]


def _pixels_under(bounds: NDArray[np.float64], grid: Grid) -> Window | None:
    """The part of a grid that west, south, east, north touch."""
    west, south, east, north = bounds
    left = math.floor((west - grid.west) / grid.pixel_width)
    right = math.floor((east - grid.west) / grid.pixel_width) + 1
    top = math.floor((grid.north - north) / grid.pixel_height)
    bottom = math.floor((grid.north - south) / grid.pixel_height) + 1
    return Window(top, left, bottom - top, right - left).intersection(grid.window)


def _drawn(shapes: Collection[shapely.Geometry], grid: Grid) -> NDArray[np.uint8]:
    if len(shapes) == 0:
        return np.zeros(grid.shape, np.uint8)
    drawn: NDArray[np.uint8] = rasterize(
        list(shapes), out_shape=grid.shape, transform=grid.transform, fill=NONE, dtype=np.uint8
    )
    return drawn
