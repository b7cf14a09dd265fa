"""Measurement points (persistent scatterers) -> layers on the pixels of a grid.

Flow: tables of points -> [here] -> stack.align. A pixel holds the mean of the points in it and is
valid where there is one; nothing is interpolated into the gaps between them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyproj
from numpy.typing import NDArray

from fusionls.errors import (
    FileMissingError,
    InputError,
    ProductError,
    UnitUnknownError,
    raise_together,
)
from fusionls.geo.coordinate_grid import transformer
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.quantities import Quantity, conversion
from fusionls.sources.insar.formula_source import with_track
from fusionls.sources.source import ArraySource, North, Source

COUNT = 'insar_point_count'
MARGIN = 16
"""Pixels beyond a grid whose points are gridded too: derived layers reach there."""
_PIXELS = (5.0, 1000.0)
"""Metres between which the pixel of the points' own grid is chosen."""
_FLOAT32_MAX = float(np.finfo(np.float32).max)
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class PointSource(Source):
    """Points with values; :meth:`on` grids them.

    Attributes:
        crs: Of ``x`` and ``y``.
        x: (n,) east, or longitude.
        y: (n,) north, or latitude.
        columns: (n,) values in canonical units by layer, NaN where there is none.
    """

    path: Path
    crs: pyproj.CRS
    x: Numbers
    y: Numbers
    columns: Mapping[str, Numbers]
    grid: Grid
    track: str | None = None
    files: tuple[Path, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def north(self) -> North:
        """Lines of sight are counted from the meridian."""
        return North.TRUE

    @property
    def quantities(self) -> dict[str, Quantity]:  # type: ignore[override]
        """Unit and kind of each column, and of the number of points."""
        names = [*self.columns, with_track(COUNT, self.track)]
        return {name: layer_spec(name).quantity for name in names}

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`: on its own grid."""
        here = self.grid if window is None else self.grid.part(window)
        return self._gridded(here, here.window).read()

    def on(self, grid: Grid) -> Source:
        """Grid the points on the pixels of a grid, where there are any.

        Pixels without a point are invalid; a grid that no point lies on gives one invalid pixel.
        """
        cols, rows = self._places(grid)
        frame = grid.window.grown(MARGIN)
        inside = (cols >= frame.col) & (cols < frame.col + frame.width)
        inside &= (rows >= frame.row) & (rows < frame.row + frame.height)
        if not inside.any():
            return self._gridded(grid, Window(0, 0, 1, 1))
        left, top = int(np.floor(cols[inside].min())), int(np.floor(rows[inside].min()))
        right, bottom = int(np.floor(cols[inside].max())), int(np.floor(rows[inside].max()))
        return self._gridded(grid, Window(top, left, bottom - top + 1, right - left + 1))

    def _places(self, grid: Grid) -> tuple[Numbers, Numbers]:
        """Columns and rows of the points in a grid; infinite where it is not defined."""
        to_grid = transformer(self.crs.to_wkt(), grid.crs.to_wkt())
        east, north = (np.asarray(axis) for axis in to_grid.transform(self.x, self.y))
        if grid.crs.is_geographic:
            middle = (grid.west + grid.east) / 2
            east = east - 360 * np.round((east - middle) / 360)
        return (east - grid.west) / grid.pixel_width, (grid.north - north) / grid.pixel_height

    def _gridded(self, grid: Grid, window: Window) -> ArraySource:
        cols, rows = self._places(grid)
        inside = (cols >= window.col) & (cols < window.col + window.width)
        inside &= (rows >= window.row) & (rows < window.row + window.height)
        pixel = (np.floor(rows[inside]).astype(np.int64) - window.row) * window.width
        pixel += np.floor(cols[inside]).astype(np.int64) - window.col
        shape = (window.height, window.width)
        size = window.height * window.width
        values: list[Numbers] = []
        valid: list[BoolArray] = []
        for column in self.columns.values():
            here = column[inside]
            known = np.abs(here) < _FLOAT32_MAX  # False for NaN as well
            count = np.bincount(pixel[known], minlength=size)
            total = np.bincount(pixel[known], here[known], size)
            values.append((total / np.maximum(count, 1)).reshape(shape))
            valid.append((count > 0).reshape(shape))
        count = np.bincount(pixel, minlength=size).reshape(shape)
        values.append(count.astype(np.float64))
        valid.append(count > 0)
        return ArraySource(
            self.path,
            grid.part(window),
            self.quantities,
            np.stack(values).astype(np.float32),
            np.stack(valid),
            files=self.files,
            north=self.north,
            record=self.record,
        )


def point_source(
    path: Path,
    crs: pyproj.CRS,
    x: Numbers,
    y: Numbers,
    columns: Mapping[str, Numbers],
    *,
    track: str | None,
    record: Mapping[str, Any],
    pixel: float | None = None,
) -> PointSource:
    """Points as a source, with a grid of their own in metres.

    Args:
        path: The table.
        crs: Of ``x`` and ``y``.
        x: (n,) east, or longitude in any count of turns.
        y: (n,) north, or latitude.
        columns: Values in canonical units by layer, without track.
        track: Qualifier of all layers.
        record: What the product said.
        pixel: Of the grid of its own, metres; by the density of the points by default.

    Raises:
        ProductError: There is no point, or coordinates are out of range.
    """
    problems = []
    if not len(x):
        problems.append('holds no point')
    elif not (np.isfinite(x).all() and np.isfinite(y).all()):
        problems.append(f'{int((~np.isfinite(x) | ~np.isfinite(y)).sum())} points have no place')
    elif crs.is_geographic and (np.abs(y).max() > 90 or np.abs(x).max() > 360):
        problems.append(
            f'longitudes {x.min():g} to {x.max():g} and latitudes {y.min():g} to {y.max():g}; '
            'expected degrees within 360 and 90. Are the columns in another order?'
        )
    raise_together(ProductError, f'{path}: its points cannot be placed', problems)
    named = {with_track(name, track): values for name, values in columns.items()}
    return PointSource(path, crs, x, y, named, _own_grid(crs, x, y, pixel), track, (path,), record)


def _own_grid(crs: pyproj.CRS, x: Numbers, y: Numbers, pixel: float | None) -> Grid:
    metric = crs
    if crs.is_geographic:
        # longitudes on both sides of the antimeridian are neighbours
        longitude = np.degrees(np.angle(np.exp(1j * np.radians(x)).mean()))
        zone = int((longitude + 180) // 6) % 60 + 1
        metric = pyproj.CRS.from_epsg((32600 if np.median(y) >= 0 else 32700) + zone)
    east, north = transformer(crs.to_wkt(), metric.to_wkt()).transform(x, y)
    east, north = np.asarray(east), np.asarray(north)
    sane = np.isfinite(east) & np.isfinite(north)
    west, south = float(east[sane].min()), float(north[sane].min())
    wide, high = float(east[sane].max()) - west, float(north[sane].max()) - south
    if pixel is None:
        spacing = math.sqrt(max(wide, 1) * max(high, 1) / len(x))
        pixel = float(np.clip(round(spacing), *_PIXELS))
    west = math.floor(west / pixel) * pixel
    top = math.floor((south + high) / pixel + 1) * pixel
    cols = int((wide + 2 * pixel) // pixel) + 1
    rows = int((high + 2 * pixel) // pixel) + 1
    return Grid(metric, west, top, pixel, pixel, rows, cols)


def read_table(
    path: Path, columns: Sequence[str] | None = None, **options: Any
) -> pandas.DataFrame:
    """Read a table of comma-separated values, zipped or not.

    Args:
        path: The file.
        columns: Columns to read; all by default.
        options: Of ``pandas.read_csv``.

    Raises:
        FileMissingError: There is no such file.
        ProductError: It is no such table.
    """
    if not path.is_file():
        raise FileMissingError(f'{path}: no such file; check the path and its spelling')
    try:
        return pandas.read_csv(path, usecols=columns, low_memory=False, **options)
    except (ValueError, OSError, EOFError, OverflowError, UnicodeError) as error:
        raise ProductError(
            f'{path}: cannot be read as a table of comma-separated values ({error}); the file is '
            'something else, or damaged'
        ) from error
    except Exception as error:  # zipfile and zlib have errors of their own, of no common class
        if type(error).__module__ not in ('zipfile', 'zlib', '_csv', 'pandas.errors'):
            raise
        raise ProductError(f'{path}: cannot be unpacked or read ({error})') from error


def numbers(path: Path, table: pandas.DataFrame, name: str, problems: list[str]) -> Numbers:
    """A column as float64; what is no number is a problem, what is empty is NaN."""
    column = table[name]
    found = pandas.to_numeric(column, errors='coerce')
    bad = found.isna() & ~column.isna()
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        problems.append(
            f'{name}: {int(bad.sum())} entries are no numbers, the first {column.iloc[first]!r} '
            f'in row {first + 2}'
        )
    return found.to_numpy(np.float64)


def scaled(unit: str, target: str, path: Path) -> float:
    """Factor from a unit to a canonical one, with the file in the error.

    Raises:
        UnitUnknownError: The unit is unknown, or measures something else.
    """
    try:
        return conversion(unit, target)
    except UnitUnknownError as error:
        raise UnitUnknownError(f'{path}: {error}') from error


def check_pixel(path: Path, pixel: float | None) -> None:
    """Refuse a pixel that is none.

    Raises:
        InputError: It is not positive.
    """
    if pixel is not None and not 0 < pixel < math.inf:
        raise InputError(f'{path}: pixel is {pixel}, expected metres > 0')
