"""A point cloud -> bare earth, surface, density, intensity and roughness on any pixels.

Flow: sources.lidar.point_cloud -> layers.lidar (filter, interpolation) -> [here] -> stack.align.
The points go straight onto cells that are a whole share of the pixels wanted, in the CRS wanted:
nothing is resampled. Two passes over the files keep rasters of the area, never all points: memory
depends on the area, not on the number of points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.errors import InputError, LayerUnknownError, NoOverlapError, PointCloudError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.layers.lidar.bare_earth import BareEarth, is_ground
from fusionls.layers.lidar.ground_filters import ground_filter
from fusionls.layers.lidar.ground_filters.surface import between_ground
from fusionls.layers.lidar.point_features import outliers as outliers_of
from fusionls.quantities import Quantity
from fusionls.sources.lidar.point_cloud import PointCloud, Points
from fusionls.sources.source import Source

LIDAR_SOURCES = (
    'lidar_ground',
    'lidar_surface',
    'lidar_point_density',
    'lidar_ground_density',
    'lidar_intensity',
    'lidar_ground_roughness',
)
CLASSIFIED = 'classified'
CELL = 1.0
"""Metres: side of the cells a filter works on, where the points are dense enough."""
MARGIN = 64
"""Pixels beyond a grid that are gridded too: derived layers reach there."""
MAX_CELLS = 40_000_000
"""Cells gridded at once: about 100 bytes each while the filter runs, 4 GB."""
_TOLERANCE = 0.3  # metres: of points of class 2 about their own mean
_NEAR_GROUND = 2


@dataclass(frozen=True)
class LidarOptions:
    """How a cloud is gridded; see :func:`open_lidar`."""

    ground: str = 'adaptive'
    ground_options: Mapping[str, Any] = field(default_factory=dict)
    cell: float | None = None
    void_limit: float = 10.0
    outliers: bool = False


@dataclass(frozen=True)
class LidarSource(Source):
    """A point cloud that is not gridded yet; :meth:`on` does it."""

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
        }

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`: on its own grid."""
        here = self.grid if window is None else self.grid.part(window)
        return self.on(here).read(Window(0, 0, here.rows, here.cols))

    def on(self, grid: Grid) -> Source:
        """Grid the points on whole shares of the pixels of a grid.

        Raises:
            NoOverlapError: No point lies there.
            PointCloudError: The area is too large to be gridded at once.
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
        if fine.rows * fine.cols > MAX_CELLS:
            raise PointCloudError(
                f'{self.path}: {fine.rows} x {fine.cols} cells of {fine.pixel:g} m are more than '
                f'the {MAX_CELLS} that are gridded at once; give a smaller grid: bounds, or a '
                'larger cell'
            )
        return GriddedCloud(self.path, fine, self.quantities, self)

    @property
    def _cell(self) -> float:
        """Side of a cell that holds a point, as a rule, metres."""
        own = self.grid
        area = own.rows * own.cols * own.pixel**2
        return max(CELL, math.sqrt(area / self.cloud.points))

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
        frame = box.intersection(grid.window.grown(MARGIN))
        if frame is None:
            raise NoOverlapError(
                f'{self.path}: no point lies inside the scene: the cloud spans '
                f'({west:.10g}, {south:.10g}, {east:.10g}, {north:.10g}) in {grid.crs.name}, the '
                f'scene {tuple(round(b, 3) for b in grid.bounds)}'
            )
        return frame


@dataclass(frozen=True)
class GriddedCloud(Source):
    """A cloud on cells; the work is done at the first read.

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
        """See :class:`Source`."""
        area = (window or self.grid.window).slices
        planes = [self._planes[name] for name in self.quantities]
        return np.stack([v[area] for v, _ in planes]), np.stack([v[area] for _, v in planes])

    @cached_property
    def _planes(self) -> dict[str, tuple[FloatArray, BoolArray]]:
        tally = _Tally(self.grid)
        for points in self._points():
            tally.add(points, self.cloud.options.ground == CLASSIFIED)
        bare = self._bare_earth(tally)
        ground = _GroundTally(self.grid)
        for points in self._points():
            ground.add(points, bare, self.cloud.options.ground == CLASSIFIED)
        return _layers(self.grid, tally, ground, bare, self.cloud.options.void_limit)

    def _points(self) -> Any:
        for points in self.cloud.cloud.chunks(self.grid.crs):
            if self.cloud.options.outliers and len(points):
                unit = self.grid.metres_per_unit
                places = np.stack([points.x * unit, points.y * unit, points.z], axis=1)
                points = points.chosen(~outliers_of(places))
            yield points

    def _bare_earth(self, tally: _Tally) -> BareEarth:
        options = self.cloud.options
        valid = np.isfinite(tally.lowest)
        if not valid.any():
            raise PointCloudError(f'{self.path}: no point of it lies inside the scene')
        try:
            if options.ground == CLASSIFIED:
                return between_ground(
                    np.where(valid, tally.lowest, 0).astype(np.float32),
                    valid,
                    self.grid.pixel,
                    _TOLERANCE,
                    1.0,
                )
            chosen = ground_filter(options.ground, **options.ground_options)
            lowest = np.where(valid, tally.lowest, 0).astype(np.float32)
            return chosen.bare_earth(lowest, valid, self.grid.pixel)
        except PointCloudError as error:
            raise PointCloudError(f'{self.path}: {error}') from error


class _Tally:
    """Counts of the first pass, by cell."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.lowest = np.full(grid.shape, np.inf, np.float32)
        self.highest = np.full(grid.shape, -np.inf, np.float32)
        self.count = np.zeros(grid.shape, np.int32)
        self.intensity = np.zeros(grid.shape, np.float64)

    def add(self, points: Points, classified: bool) -> None:
        """Count some points; the lowest only of those of class 2 where the file tells ground."""
        rows, cols, inside = _places(self.grid, points)
        index = (rows[inside].astype(np.intp) * self.grid.cols) + cols[inside].astype(np.intp)
        height = points.z[inside].astype(np.float32)
        np.maximum.at(self.highest.ravel(), index, height)
        np.add.at(self.count.ravel(), index, 1)
        np.add.at(self.intensity.ravel(), index, points.intensity[inside].astype(np.float64))
        if classified:
            ground = points.is_ground[inside]
            index, height = index[ground], height[ground]
        np.minimum.at(self.lowest.ravel(), index, height)


class _GroundTally:
    """Sums over the ground points of the second pass, by cell."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.count = np.zeros(grid.shape, np.int32)
        self.height = np.zeros(grid.shape, np.float64)
        self.squares = np.zeros(grid.shape, np.float64)
        self.above = np.zeros(grid.shape, np.float64)

    def add(self, points: Points, bare: BareEarth, classified: bool) -> None:
        """Add those of some points that lie on the ground."""
        rows, cols, inside = _places(self.grid, points)
        rows, cols, height = rows[inside], cols[inside], points.z[inside]
        on_ground = points.is_ground[inside] if classified else is_ground(rows, cols, height, bare)
        rows, cols, height = rows[on_ground], cols[on_ground], height[on_ground]
        index = (rows.astype(np.intp) * self.grid.cols) + cols.astype(np.intp)
        # heights above the bare earth of the cell: a slope is no roughness
        above = height - _between(bare.elevation, rows, cols)
        np.add.at(self.count.ravel(), index, 1)
        np.add.at(self.height.ravel(), index, height)
        np.add.at(self.above.ravel(), index, above)
        np.add.at(self.squares.ravel(), index, above**2)


def _places(
    grid: Grid, points: Points
) -> tuple[NDArray[np.float64], NDArray[np.float64], BoolArray]:
    """Rows and columns of points, and which lie on the grid."""
    cols = (points.x - grid.west) / grid.pixel_width
    rows = (grid.north - points.y) / grid.pixel_height
    inside = (cols >= 0) & (cols < grid.cols) & (rows >= 0) & (rows < grid.rows)
    return rows, cols, inside


def _between(
    values: FloatArray, rows: NDArray[np.float64], cols: NDArray[np.float64]
) -> NDArray[np.float64]:
    found: NDArray[np.float64] = ndimage.map_coordinates(
        values, [rows - 0.5, cols - 0.5], order=1, mode='nearest', output=np.float64
    )
    return found


def _layers(
    grid: Grid, tally: _Tally, ground: _GroundTally, bare: BareEarth, void_limit: float
) -> dict[str, tuple[FloatArray, BoolArray]]:
    """Layers on cells; see the catalogue for their rules."""
    area = grid.pixel**2
    hit, stands = tally.count > 0, ground.count > 0
    number = np.maximum(ground.count, 1)
    mean = np.where(stands, ground.height / number, bare.elevation)
    near = np.zeros(grid.shape, bool)
    if stands.any():
        near = ndimage.distance_transform_edt(~stands) * grid.pixel <= void_limit
    spread = np.sqrt(np.maximum(ground.squares / number - (ground.above / number) ** 2, 0))
    everywhere = np.ones(grid.shape, bool)
    found = {
        'lidar_ground': (mean, near),
        'lidar_surface': (np.where(hit, tally.highest, 0), hit),
        'lidar_point_density': (tally.count / area, everywhere),
        'lidar_ground_density': (ground.count / area, everywhere),
        'lidar_intensity': (tally.intensity / np.maximum(tally.count, 1), hit),
        'lidar_ground_roughness': (spread, ground.count >= _NEAR_GROUND),
    }
    return {
        name: (np.where(valid, values, 0).astype(np.float32), valid)
        for name, (values, valid) in found.items()
    }


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
        cell: Metres: side of the cells the filter works on; 1 m or, of sparse clouds, the
            distance of the points by default, and always a whole share of the stack's pixel.
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
