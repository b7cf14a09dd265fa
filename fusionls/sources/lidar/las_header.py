"""What the header of a LAS, LAZ or COPC file says: where its points are, and in which units.

Flow: path -> sources.lidar.las_layout -> laspy -> [here] -> sources.lidar.point_cloud.
Source: ASPRS LAS specification 1.4 R15; OGC GeoTIFF 1.1, annex C, for the keys of the units.
Heights count in the unit of the vertical axis of a compound CRS, else in that of the file's own
keys (VerticalUnits, VerticalCSType), else in that of the horizontal axes. No datum is changed:
heights stay above the datum they were delivered in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import laspy
import numpy as np
import pyproj
from pyproj.database import get_units_map

from fusionls.errors import (
    CrsMissingError,
    FileMissingError,
    FusionlsError,
    InputError,
    PointCloudError,
    raise_together,
)
from fusionls.sources.lidar.las_layout import header_problems, points_problems

_VERTICAL_UNITS, _VERTICAL_CRS = 4099, 4096  # GeoTIFF keys
_EPSG_CODES = range(1024, 32767)  # what the keys may hold of the EPSG register
_FARTHEST = 1e9
"""Coordinates of any CRS stay below, in feet too; NaN does not."""
_READ = laspy.DecompressionSelection
_NEEDED = _READ.XY_RETURNS_CHANNEL | _READ.Z | _READ.CLASSIFICATION | _READ.FLAGS | _READ.INTENSITY


@dataclass(frozen=True)
class CloudFile:
    """What the header of one file says.

    Attributes:
        path: The file.
        crs: Horizontal CRS.
        points: How many it holds.
        bounds: West, south, east, north, CRS units.
        rounding: Step of its coordinates, CRS units.
        metres_up: Length of a unit of height, metres.
    """

    path: Path
    crs: pyproj.CRS
    points: int
    bounds: tuple[float, float, float, float]
    rounding: float
    metres_up: float


@contextmanager
def opened(path: Path) -> Iterator[laspy.LasReader]:
    """Open a file; whatever breaks inside is an error that names it.

    Raises:
        FileMissingError: It does not exist.
        PointCloudError: It is no LAS or LAZ, or damaged; every problem that can be told at once.
    """
    if not path.is_file():
        raise FileMissingError(f'{path}: no such file; check the path and its spelling')
    raise_together(PointCloudError, f'{path}: cannot be read', header_problems(path))
    try:
        with laspy.open(path, decompression_selection=_NEEDED) as reader:
            yield reader
    except (FusionlsError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        # damaged files come out of laspy as errors of a dozen classes, and out of the
        # decompressor as a panic that is no Exception
        raise PointCloudError(
            f'{path}: cannot be read as LAS or LAZ ({type(error).__name__}: {error}); the file is '
            'something else, damaged or incomplete. Fetch it again.'
        ) from error


def cloud_file(path: Path, given: pyproj.CRS | None, metres_up: float | None) -> CloudFile:
    """Look at the header of a file.

    Args:
        path: LAS, LAZ or COPC.
        given: CRS of a file that does not say it.
        metres_up: Metres of a unit of height; told by the file by default.

    Raises:
        FileMissingError: It does not exist.
        CrsMissingError: It has no CRS and none is given.
        PointCloudError: It is damaged or holds no point.
        InputError: Its CRS is not one of places on the ground.
    """
    with opened(path) as reader:
        header = reader.header
        low, high = np.asarray(header.mins, float), np.asarray(header.maxs, float)
        scales = np.asarray(header.scales, float)
        problems = points_problems(path, header)
        if header.point_count:
            problems += _place_problems(scales, np.asarray(header.offsets, float), low, high)
        raise_together(PointCloudError, f'{path}: cannot be used', problems)
        crs = _crs_of(header) or given
        if crs is None:
            raise CrsMissingError(
                f'{path}: has no CRS, so nobody knows where it is, nor whether it counts in feet; '
                'say it: crs: EPSG:<code>'
            )
        horizontal = crs.sub_crs_list[0] if crs.is_compound else crs
        if not (horizontal.is_projected or horizontal.is_geographic):
            raise InputError(
                f'{path}: its CRS, {crs.name}, does not say where on the ground a point is; '
                'expected a projected or a geographic one'
            )
        if metres_up is None:
            metres_up = _metres_up(crs, header)
        return CloudFile(
            path,
            horizontal,
            int(header.point_count),
            (float(low[0]), float(low[1]), float(high[0]), float(high[1])),
            float(scales[:2].max()),
            metres_up,
        )


def _place_problems(
    scales: np.ndarray, offsets: np.ndarray, low: np.ndarray, high: np.ndarray
) -> list[str]:
    problems = []
    if not (np.isfinite(scales).all() and (scales > 0).all() and np.isfinite(offsets).all()):
        problems.append(f'scales {scales.tolist()} and offsets {offsets.tolist()} make no place')
    on_earth = (np.abs(low) < _FARTHEST).all() and (np.abs(high) < _FARTHEST).all()
    if not (on_earth and (low <= high).all()):
        problems.append(f'bounds {low.tolist()} to {high.tolist()} make no box on this planet')
    return problems


def _crs_of(header: Any) -> pyproj.CRS | None:
    try:
        found: pyproj.CRS | None = header.parse_crs()
    except (pyproj.exceptions.CRSError, ValueError, KeyError, IndexError):
        return None
    return found


def _metres_up(crs: pyproj.CRS, header: Any) -> float:
    """Length of a unit of height: of the vertical axis, of the file's keys, of the plane's axes."""
    for axis in crs.axis_info:
        if axis.direction == 'up':
            return float(axis.unit_conversion_factor)
    keys = {
        key.id: key.value_offset
        for vlr in header.vlrs.get('GeoKeyDirectoryVlr')
        for key in vlr.geo_keys
        if key.tiff_tag_location == 0
    }
    linear = get_units_map('EPSG', 'linear').values()
    units = {int(unit.code): unit.conv_factor for unit in linear}
    if keys.get(_VERTICAL_UNITS) in units:
        return float(units[keys[_VERTICAL_UNITS]])
    if keys.get(_VERTICAL_CRS) in _EPSG_CODES:
        try:
            vertical = pyproj.CRS.from_epsg(keys[_VERTICAL_CRS])
        except pyproj.exceptions.CRSError:
            vertical = None
        if vertical is not None and vertical.is_vertical:
            return float(vertical.axis_info[0].unit_conversion_factor)
    return 1.0 if crs.is_geographic else float(crs.axis_info[0].unit_conversion_factor)
