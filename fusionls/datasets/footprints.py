"""The ground that every tile of a data set sees, as polygons.

Flow: datasets.tile_dataset -> [here] -> datasets.leakage.
A tile sees its window, grown by the context and the jitter of its ``LoadTile``, within the scene
and within the ground of its split: the rest is hidden from it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from fusionls.datasets.splits import SplitMap
from fusionls.datasets.tile_dataset import Scene, TileDataset
from fusionls.datasets.transforms.loading import LoadTile
from fusionls.geo.grid import Grid
from fusionls.geo.window import Window

DENSE = 32
"""Pieces that the side of a tile's ground is divided into before it is brought to another CRS."""


@dataclass
class Place:
    """Tiles of one scene whose ground is known.

    Attributes:
        crs: Of the ground.
        pixel_area: Area of a base pixel, CRS units.
        names: Names of the tiles.
        ground: What each sees, polygons in ``crs``.
    """

    crs: pyproj.CRS
    pixel_area: float
    names: list[str] = field(default_factory=list)
    ground: list[shapely.Geometry] = field(default_factory=list)

    def ground_in(self, crs: pyproj.CRS) -> NDArray[np.object_]:
        """The polygons in another CRS, their straight sides followed; empty where it has none."""
        ground = np.asarray(self.ground, object)
        if crs == self.crs:
            return ground
        west, south, east, north = shapely.bounds(ground).T
        side = float(np.maximum(east - west, north - south).max())
        turn = pyproj.Transformer.from_crs(self.crs, crs, always_xy=True).transform
        moved = shapely.transform(shapely.segmentize(ground, side / DENSE), turn, interleaved=False)
        moved[~np.isfinite(shapely.bounds(moved)).all(1)] = shapely.Polygon()
        valid: NDArray[np.object_] = shapely.make_valid(moved)
        return valid


@dataclass
class Footprints:
    """What every tile of a data set sees.

    Attributes:
        names: Of every tile, in order.
        grounds: What of its window each sees, without context and jitter, as a text; in order.
        places: Those whose ground is known, by scene.
    """

    names: list[str] = field(default_factory=list)
    grounds: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


def footprints(dataset: TileDataset) -> Footprints:
    """Find what every tile of a data set sees."""
    dataset.full_init()
    reach = sum(
        transform.context + transform.jitter
        for transform in dataset.pipeline.transforms
        if isinstance(transform, LoadTile)
    )
    found = Footprints()
    places: dict[int, Place] = {}
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        number = info['scene']
        scene, owners = dataset.scenes[number]
        name = tile_name(dataset, index)
        own = _seen(scene.grid, owners, dataset.split, info['window'])
        found.names.append(name)
        found.grounds.append(shapely.to_wkt(shapely.normalize(own), rounding_precision=3))
        if ground_is_known(scene):
            grid = scene.grid
            area = grid.pixel_width * grid.pixel_height
            place = places.setdefault(number, Place(grid.crs, area))
            place.names.append(name)
            around = info['window'].grown(reach)
            place.ground.append(_seen(grid, owners, dataset.split, around) if reach else own)
    found.places = list(places.values())
    return found


def tile_name(dataset: TileDataset, index: int) -> str:
    """What to call a tile: its scene, and its window where the scene has more than one."""
    info = dataset.get_data_info(index)
    scene, _ = dataset.scenes[info['scene']]
    window = info['window']
    if (window.row, window.col) == (0, 0) and window.height >= scene.grid.rows:
        return scene.name
    return f'{scene.name} at row {window.row}, column {window.col}'


def ground_is_known(scene: Scene) -> bool:
    """Whether the coordinates of a scene are a place, not made up and not those of a picture."""
    crs = scene.grid.crs
    on_a_body = crs.is_projected or crs.is_geographic
    return bool(on_a_body and not getattr(scene, 'simulated', False))


def shared_crs(one: Place, other: Place) -> pyproj.CRS | None:
    """A CRS in which two places can be compared, in metres; None on two bodies."""
    if one.crs.ellipsoid != other.crs.ellipsoid and _body(one) != _body(other):
        return None
    return one.crs if one.crs.is_projected else _local(one)


def _body(place: Place) -> int:
    """Radius of the planet, in units of 100 km."""
    ellipsoid = place.crs.ellipsoid
    return 0 if ellipsoid is None else round(ellipsoid.semi_major_metre / 1e5)


def _local(place: Place) -> pyproj.CRS:
    """A CRS in metres around a place that counts in degrees."""
    west, south, east, north = shapely.total_bounds(np.asarray(place.ground, object))
    lon, lat = (west + east) / 2, (south + north) / 2
    ellipsoid = place.crs.ellipsoid
    axes = (
        ''
        if ellipsoid is None
        else (f'+a={ellipsoid.semi_major_metre} +b={ellipsoid.semi_minor_metre}')
    )
    return pyproj.CRS(f'+proj=aeqd +lat_0={lat} +lon_0={lon} {axes or "+datum=WGS84"} +units=m')


def _seen(grid: Grid, owners: SplitMap | None, split: str, window: Window) -> shapely.Geometry:
    """The ground of a window within a scene and a split, in the CRS of the grid."""
    inside = window.intersection(grid.window)
    if inside is None:
        return shapely.Polygon()
    if owners is None or split == 'all' or owners.allowed(inside, split).all():
        return _box(grid, inside)
    parts = [
        _box(grid, part)
        for part in _cells(inside, owners.cell)
        if owners.allowed(Window(part.row, part.col, 1, 1), split).all()
    ]
    return shapely.union_all(np.asarray(parts, object))


def _cells(window: Window, cell: int) -> list[Window]:
    """The parts of a window that the cells of a split cut it into."""
    rows, cols = (
        sorted({start, *range(-(-start // cell) * cell, start + length, cell), start + length})
        for start, length in ((window.row, window.height), (window.col, window.width))
    )
    return [
        Window(top, left, bottom - top, right - left)
        for top, bottom in itertools.pairwise(rows)
        for left, right in itertools.pairwise(cols)
    ]


def _box(grid: Grid, window: Window) -> shapely.Geometry:
    west, south, east, north = grid.part(window).bounds
    return shapely.box(west, south, east, north)
