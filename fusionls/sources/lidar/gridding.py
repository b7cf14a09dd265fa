"""Points -> layers on cells, in two passes, without ever holding all points.

Flow: sources.lidar.point_cloud -> layers.lidar (ground filter, interpolation) -> [here] ->
sources.lidar.lidar_source.
The first pass keeps the lowest and the highest point of each cell, from which the filter finds
the bare earth. The second counts the points on it, as heights above a smooth surface through it:
so a cell's mean is that at its middle wherever its points lie (on a hillside of 45 degrees a
point half a metre off the middle is half a metre off in height), and a slope is no roughness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.errors import PointCloudError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.lidar.bare_earth import BareEarth, is_ground
from fusionls.layers.lidar.ground_filters import ground_filter
from fusionls.layers.lidar.ground_filters.surface import between_ground
from fusionls.layers.lidar.interpolation import filled, smoothed
from fusionls.layers.spec import Plane
from fusionls.sources.lidar.point_cloud import Points

LIDAR_SOURCES = (
    'lidar_ground',
    'lidar_surface',
    'lidar_point_density',
    'lidar_ground_density',
    'lidar_intensity',
    'lidar_ground_roughness',
)
"""Layers that come from the points."""
CLASSIFIED = 'classified'
"""The ground as the provider has it: class 2."""
_TOLERANCE = 0.3  # metres: of points of class 2 about their own mean
_REFERENCE = 2.0  # cells over which the surface is smoothed that heights are counted from
_BETWEEN = 2.0  # cells from one with points, within which one without lies between points
_NEAR_GROUND = 2  # ground points from which a cell has a roughness


@dataclass(frozen=True)
class LidarOptions:
    """How a cloud is gridded; see :func:`fusionls.sources.lidar.lidar_source.open_lidar`."""

    ground: str = 'adaptive'
    ground_options: Mapping[str, Any] = field(default_factory=dict)
    cell: float | None = None
    void_limit: float = 10.0
    outliers: bool = False


def gridded(
    points: Callable[[], Iterable[Points]],
    grid: Grid,
    options: LidarOptions,
    needs_ground: bool = True,
) -> dict[str, Plane]:
    """Layers of :data:`LIDAR_SOURCES` on the cells of a grid; see the catalogue for their rules.

    Args:
        points: Gives the points, in chunks and in the CRS of the grid; called twice.
        grid: Square cells.
        options: How.
        needs_ground: Whether a grid without ground points is an error; else it has no ground.

    Raises:
        PointCloudError: No point lies there, or none of them is ground.
    """
    classified = options.ground == CLASSIFIED
    tally = _Tally(grid)
    for chunk in points():
        tally.add(chunk, classified)
    ground = _GroundTally(grid)
    reference: FloatArray = np.zeros(grid.shape, np.float32)
    if np.isfinite(tally.lowest).any():
        bare = _bare_earth(tally, options)
        reference = smoothed(bare.elevation, _REFERENCE)
        for chunk in points():
            ground.add(chunk, bare, reference, classified)
    elif needs_ground:
        raise PointCloudError(
            'none of its points inside the scene is ground (class 2); take a ground filter: '
            'ground: adaptive'
            if tally.count.any()
            else 'no point of it lies inside the scene'
        )
    return _layers(grid, tally, ground, reference, options.void_limit)


def _bare_earth(tally: _Tally, options: LidarOptions) -> BareEarth:
    valid = np.isfinite(tally.lowest)
    lowest = np.where(valid, tally.lowest, np.float32(0))
    if options.ground == CLASSIFIED:
        return between_ground(lowest, valid, tally.grid.pixel, _TOLERANCE, 1.0)
    chosen = ground_filter(options.ground, **options.ground_options)
    return chosen.bare_earth(lowest, valid, tally.grid.pixel)


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
        index = _index(self.grid, rows[inside], cols[inside])
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
        self.above = np.zeros(grid.shape, np.float64)
        self.squares = np.zeros(grid.shape, np.float64)

    def add(self, points: Points, bare: BareEarth, reference: FloatArray, classified: bool) -> None:
        """Add those of some points that lie on the ground, by their height above a reference."""
        rows, cols, inside = _places(self.grid, points)
        rows, cols, height = rows[inside], cols[inside], points.z[inside]
        on_ground = points.is_ground[inside] if classified else is_ground(rows, cols, height, bare)
        rows, cols, height = rows[on_ground], cols[on_ground], height[on_ground]
        index = _index(self.grid, rows, cols)
        above = height - _between(reference, rows, cols)
        np.add.at(self.count.ravel(), index, 1)
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


def _index(grid: Grid, rows: NDArray[np.float64], cols: NDArray[np.float64]) -> NDArray[np.intp]:
    return rows.astype(np.intp) * grid.cols + cols.astype(np.intp)


def _between(
    values: FloatArray, rows: NDArray[np.float64], cols: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A surface at points: bilinear between the middles of cells, and on beyond the outer ones."""
    framed = np.pad(values, 1, mode='reflect', reflect_type='odd')
    found: NDArray[np.float64] = ndimage.map_coordinates(
        framed, [rows + 0.5, cols + 0.5], order=1, mode='nearest', output=np.float64
    )
    return found


def _layers(
    grid: Grid, tally: _Tally, ground: _GroundTally, reference: FloatArray, void_limit: float
) -> dict[str, Plane]:
    area = grid.pixel**2
    hit, stands = tally.count > 0, ground.count > 0
    number = np.maximum(ground.count, 1)
    above = ground.above / number
    spread = np.sqrt(np.maximum(ground.squares / number - above**2, 0))
    elevation, near = reference, stands  # nowhere, where there is no ground
    if stands.any():
        elevation = reference + filled(above.astype(np.float32), stands)
        near = ndimage.distance_transform_edt(~stands) * grid.pixel <= void_limit
    everywhere = np.ones(grid.shape, bool)
    nearest, seen = _between_points(hit)
    beside = elevation + (tally.highest - elevation)[nearest]  # on a slope, the slope goes on
    highest = np.where(hit, tally.highest, beside)
    brightness = (tally.intensity / np.maximum(tally.count, 1))[nearest]
    found = {
        'lidar_ground': (elevation, near),
        'lidar_surface': (highest, seen),
        'lidar_point_density': (tally.count / area, everywhere),
        'lidar_ground_density': (ground.count / area, everywhere),
        'lidar_intensity': (brightness, seen),
        'lidar_ground_roughness': (spread, ground.count >= _NEAR_GROUND),
    }
    return {
        name: (np.where(valid, values, 0).astype(np.float32), valid)
        for name, (values, valid) in found.items()
    }


def _between_points(hit: BoolArray) -> tuple[tuple[NDArray[np.intp], ...], BoolArray]:
    """For every cell the nearest one with points, and whether it has some or lies between them.

    Cells are smaller than the distance of points where a cloud is sparse (the ground filter wants
    it so); most of them are empty then, but nothing is missing.
    """
    if hit.all() or not hit.any():
        return tuple(np.indices(hit.shape)), hit
    distance, nearest = ndimage.distance_transform_edt(~hit, return_indices=True)
    return tuple(nearest), distance <= _BETWEEN
