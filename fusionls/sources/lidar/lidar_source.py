"""A point cloud -> bare earth, surface, density, intensity and roughness on any pixels.

Flow: sources.lidar.point_cloud -> sources.lidar.gridding -> [here] -> stack.align.
The points go straight onto cells that are a whole share of the pixels wanted, in the CRS wanted:
nothing is resampled. Large areas are gridded block by block, each with the surroundings that the
filter looks at; memory depends on the block, not on the area nor on the number of points.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyproj

from fusionls.errors import InputError, LayerUnknownError, NoOverlapError, PointCloudError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.resample import Resampler
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.layers.lidar.ground_filters import ground_filter
from fusionls.layers.lidar.point_features import outliers as outliers_of
from fusionls.quantities import Quantity
from fusionls.sources.lidar.gridding import (
    CLASSIFIED,
    LIDAR_SOURCES,
    LidarOptions,
    gridded,
)
from fusionls.sources.lidar.point_cloud import PointCloud, Points
from fusionls.sources.source import Source

CELL = 1.0
"""Metres: side of the cells a filter works on, where the points are dense enough."""
_SPACING = 0.6
"""Side of the cells of sparser clouds, in distances of their points (benchmarks/lidar.md)."""
MARGIN = 128.0
"""Metres beyond a grid, and beyond a block, that are gridded too: filters look as far as their
windows (18 m), derived layers as far as their rays (100 m)."""
BLOCK = 3000
"""Cells along a side of a block, margins included: about 140 bytes each, 1.3 GB."""


@dataclass(frozen=True)
class LidarSource(Source):
    """A point cloud that is not gridded yet; :meth:`on` does it.

    Attributes:
        cloud: The files.
        options: How it is to be gridded.
    """

    path: Path
    grid: Grid
    quantities: dict[str, Quantity]
    cloud: PointCloud
    options: LidarOptions

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of points."""
        return tuple(file.path for file in self.cloud.files)

    @property
    def record(self) -> Mapping[str, Any]:  # type: ignore[override]
        """What was done, with what."""
        return {
            'product': 'lidar',
            'points': self.cloud.points,
            'crs': self.cloud.crs.to_string(),
            'metres_up': sorted({file.metres_up for file in self.cloud.files}),
            'ground': self.options.ground,
            'ground_options': dict(self.options.ground_options),
            'void_limit': self.options.void_limit,
            'outliers': self.options.outliers,
        }

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`: on its own grid."""
        return self._own.part(self._gridded.read, window or self.grid.window, self.kinds)

    @cached_property
    def _gridded(self) -> Source:
        return self.on(self.grid)

    @cached_property
    def _own(self) -> Resampler:
        return Resampler(self._gridded.grid, self.grid)

    def on(self, grid: Grid) -> Source:
        """Grid the points on whole shares of the pixels of a grid.

        Raises:
            NoOverlapError: No point lies there.
        """
        frame = self._frame(grid)
        parts = max(1, round(grid.pixel / (self.options.cell or self._cell)))
        fine = replace(
            grid.part(frame),
            pixel_width=grid.pixel_width / parts,
            pixel_height=grid.pixel_height / parts,
            rows=frame.height * parts,
            cols=frame.width * parts,
        )
        return GriddedCloud(self.path, fine, self.quantities, self)

    @property
    def _cell(self) -> float:
        own = self.grid
        area = own.rows * own.cols * own.pixel**2
        return max(CELL, _SPACING * math.sqrt(area / self.cloud.points))

    def _frame(self, grid: Grid) -> Window:
        """Pixels of a grid, and around it, that may hold points."""
        west, south, east, north = self.cloud.bounds(grid.crs)
        if not all(map(math.isfinite, (west, south, east, north))):
            raise NoOverlapError(f'{self.path}: does not lie where {grid.crs.name} is defined')
        left = math.floor((west - grid.west) / grid.pixel_width)
        right = math.floor((east - grid.west) / grid.pixel_width) + 1
        top = math.floor((grid.north - north) / grid.pixel_height)
        bottom = math.floor((grid.north - south) / grid.pixel_height) + 1
        box = Window(top, left, max(bottom - top, 1), max(right - left, 1))
        frame = box.intersection(grid.window.grown(math.ceil(MARGIN / grid.pixel)))
        if frame is None:
            raise NoOverlapError(
                f'{self.path}: no point lies inside the scene: the cloud spans '
                f'({west:.10g}, {south:.10g}, {east:.10g}, {north:.10g}) in {grid.crs.name}, the '
                f'scene {tuple(round(b, 3) for b in grid.bounds)}'
            )
        return frame


@dataclass(frozen=True)
class GriddedCloud(Source):
    """A cloud on cells; each block is gridded when it is first read.

    One block is kept in memory; of several, each is kept in a file of its own, in a temporary
    folder that goes with this object.

    Attributes:
        cloud: What is gridded.
    """

    path: Path
    grid: Grid
    quantities: dict[str, Quantity]
    cloud: LidarSource

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of points."""
        return self.cloud.files

    @property
    def record(self) -> Mapping[str, Any]:  # type: ignore[override]
        """What was done, with what."""
        return {**self.cloud.record, 'cell': self.grid.pixel}

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`.

        Raises:
            PointCloudError: A file is damaged; or no point lies inside the grid, or none of them
                is ground, and the grid is a single block.
        """
        window = window or self.grid.window
        values = np.zeros((len(self.quantities), window.height, window.width), np.float32)
        valid = np.zeros(values.shape, bool)
        for block in self._blocks:
            shared = block.intersection(window)
            if shared is not None:
                here, there = shared.relative_to(window), shared.relative_to(block)
                found = self._of(block)[:, *there.slices]
                valid[:, *here.slices] = np.isfinite(found)
                values[:, *here.slices] = np.where(np.isfinite(found), found, 0)
        return values, valid

    @cached_property
    def _blocks(self) -> list[Window]:
        margin = self._margin
        if max(self.grid.shape) <= BLOCK:
            return [self.grid.window]
        step = max(BLOCK - 2 * margin, margin)
        return [
            Window(row, col, min(step, self.grid.rows - row), min(step, self.grid.cols - col))
            for row in range(0, self.grid.rows, step)
            for col in range(0, self.grid.cols, step)
        ]

    @property
    def _margin(self) -> int:
        return math.ceil(MARGIN / self.grid.pixel)

    def _of(self, block: Window) -> FloatArray:
        """(layers, h, w) of a block, NaN where invalid."""
        if len(self._blocks) == 1:
            return self._single
        file = Path(self._folder.name) / f'{block.row}_{block.col}.npy'
        if not file.exists():
            np.save(file, self._gridded(block))
        found: FloatArray = np.load(file, mmap_mode='r')
        return found

    @cached_property
    def _single(self) -> FloatArray:
        return self._gridded(self._blocks[0])

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix='fusionls-lidar-')

    def _gridded(self, block: Window) -> FloatArray:
        wide = block.grown(self._margin).intersection(self.grid.window) or block
        grid = self.grid.part(wide)
        try:
            planes = gridded(
                lambda: self._points(grid), grid, self.cloud.options, len(self._blocks) == 1
            )
        except PointCloudError as error:
            raise PointCloudError(f'{self.path}: {error}') from error
        inner = block.relative_to(wide).slices
        return np.stack(
            [
                np.where(valid[inner], values[inner], np.float32(np.nan))
                for values, valid in (planes[name] for name in self.quantities)
            ]
        )

    def _points(self, grid: Grid) -> Iterator[Points]:
        for points in self.cloud.cloud.chunks(grid.crs, grid.bounds):
            if self.cloud.options.outliers and len(points):
                unit = grid.metres_per_unit
                places = np.stack([points.x * unit, points.y * unit, points.z], axis=1)
                points = points.chosen(~outliers_of(places))
            yield points


def open_lidar(
    files: Sequence[Path],
    *,
    layers: Sequence[str] | None = None,
    crs: str | None = None,
    vertical_unit: str | None = None,
    ground: str = 'adaptive',
    ground_options: Mapping[str, Any] | None = None,
    cell: float | None = None,
    void_limit: float = 10.0,
    outliers: bool = False,
) -> tuple[Source, ...]:
    """Airborne laser scanning: LAS, LAZ and COPC files, several tiles as one cloud.

    Noise (classes 7 and 18) and withheld points are left out. Feet become metres as the CRS says.

    Args:
        files: The tiles.
        layers: Layers wanted; all by default.
        crs: CRS of files that do not say it.
        vertical_unit: Unit of the heights where the CRS does not say it, or says it wrong.
        ground: Ground filter: adaptive, window_slope, smrf, progressive, cloth; or classified,
            for class 2 as the provider has it.
        ground_options: Options of the filter.
        cell: Metres: side of the cells the filter works on; 1 m by default, more for clouds of
            less than a point in three square metres; always a whole share of the stack's pixel.
        void_limit: Metres from a ground point up to which the bare earth is interpolated.
        outliers: Whether points far from all others are left out first (slow; a million points
            at a time).

    Raises:
        FileMissingError: A file does not exist.
        CrsMissingError: A file has no CRS and none is given.
        PointCloudError: Files are damaged or empty; all at once.
        UnitUnknownError: The vertical unit is unknown.
        LayerUnknownError: A layer that is not one of LiDAR is asked for.
        InputError: Options that make no sense.
    """
    paths = [Path(file) for file in files]
    options = LidarOptions(ground, dict(ground_options or {}), cell, void_limit, outliers)
    if ground != CLASSIFIED:
        ground_filter(ground, **options.ground_options)
    for name, value in (('cell', cell), ('void_limit', void_limit)):
        if value is not None and not 0 < value < math.inf:
            raise InputError(f'{name} is {value}, expected metres > 0')
    wanted = tuple(layers) if layers is not None else LIDAR_SOURCES
    unknown = [name for name in wanted if name not in LIDAR_SOURCES]
    if unknown:
        raise LayerUnknownError(
            f'{", ".join(unknown)}: not among the layers of a point cloud: '
            f'{", ".join(LIDAR_SOURCES)}; others are derived from these (derive: ...)'
        )
    cloud = PointCloud.open(paths, crs=crs, vertical_unit=vertical_unit)
    quantities = {name: layer_spec(name).quantity for name in wanted}
    return (LidarSource(paths[0], _own_grid(cloud), quantities, cloud, options),)


def _own_grid(cloud: PointCloud) -> Grid:
    """The cloud's extent in metric square pixels: where it is, and how fine."""
    crs = cloud.crs
    if crs.is_geographic:
        west, _, east, north = cloud.bounds(crs)
        zone = int(((west + east) / 2 + 180) // 6) % 60 + 1
        crs = pyproj.CRS.from_epsg((32600 if north >= 0 else 32700) + zone)
    unit = float(crs.axis_info[0].unit_conversion_factor)
    west, south, east, north = cloud.bounds(crs)
    area = max((east - west) * (north - south) * unit**2, 1.0)
    pixel = max(CELL, round(math.sqrt(area / cloud.points))) / unit
    cols = max(math.ceil((east - west) / pixel + 1e-9), 1)
    rows = max(math.ceil((north - south) / pixel + 1e-9), 1)
    return Grid(crs, west, north, pixel, pixel, rows, cols)
