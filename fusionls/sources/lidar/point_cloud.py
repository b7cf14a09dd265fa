"""LAS, LAZ and COPC files as one stream of points in metres, in chunks.

Flow: files -> laspy -> [here] -> sources.lidar.lidar_source.
Source: ASPRS LAS specification 1.4 R15: class 7 low noise, 18 high noise, 2 ground; the withheld
flag. Heights count in the unit of the vertical axis of a compound CRS, else in that of the
horizontal one. No datum is changed: heights stay above the datum they were delivered in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import laspy
import numpy as np
import pyproj
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.errors import (
    CrsMissingError,
    FileMissingError,
    FusionlsError,
    InputError,
    PointCloudError,
    UnitUnknownError,
    raise_together,
)
from fusionls.geo.coordinate_grid import transformer
from fusionls.quantities import conversion

CHUNK = 1_000_000
"""Points held at once."""
GROUND_CLASS = 2
NOISE_CLASSES = (7, 18)
_LATTICE = 100.0
"""Distance in metres between points that are projected exactly; others lie on straight lines
between them, which errs by less than a millimetre."""
_MAX_LATTICE = 2000
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Points:
    """Some points.

    Attributes:
        x: (n,) east, units of the CRS asked for.
        y: (n,) north.
        z: (n,) height, metres.
        intensity: (n,) counts.
        is_first: (n,) first or only return of its pulse.
        is_ground: (n,) class 2 in the file.
    """

    x: Numbers
    y: Numbers
    z: Numbers
    intensity: NDArray[np.float32]
    is_first: NDArray[np.bool_]
    is_ground: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.x)

    def chosen(self, keep: NDArray[np.bool_]) -> Points:
        """Those of them that are True."""
        return Points(
            self.x[keep],
            self.y[keep],
            self.z[keep],
            self.intensity[keep],
            self.is_first[keep],
            self.is_ground[keep],
        )


@dataclass(frozen=True)
class CloudFile:
    """What the header of one file says.

    Attributes:
        path: The file.
        crs: Horizontal CRS.
        points: How many it holds.
        bounds: West, south, east, north, CRS units.
        metres_up: Length of a unit of height, metres.
    """

    path: Path
    crs: pyproj.CRS
    points: int
    bounds: tuple[float, float, float, float]
    metres_up: float


@contextmanager
def _opened(path: Path) -> Iterator[laspy.LasReader]:
    """Open a file; whatever breaks inside is an error that names it."""
    if not path.is_file():
        raise FileMissingError(f'{path}: no such file; check the path and its spelling')
    try:
        with laspy.open(path) as reader:
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


class PointCloud:
    """Several files as one cloud; get one from :meth:`open`.

    Attributes:
        files: In the order given.
        crs: CRS of the first file.
    """

    def __init__(self, files: Sequence[CloudFile]) -> None:
        self.files = tuple(files)
        self.crs = files[0].crs

    @classmethod
    def open(
        cls, paths: Sequence[Path], *, crs: str | None = None, vertical_unit: str | None = None
    ) -> PointCloud:
        """Look at the headers of some files.

        Args:
            paths: LAS, LAZ or COPC.
            crs: CRS of files that do not say it.
            vertical_unit: Unit of their heights (``m``, ``ft``, ``us-ft``); told by the CRS by
                default.

        Raises:
            FileMissingError: A file does not exist.
            CrsMissingError: A file has no CRS and none is given.
            PointCloudError: A file is damaged, empty or comes twice; all at once.
            UnitUnknownError: The vertical unit is unknown.
        """
        given = None
        if crs is not None:
            try:
                given = pyproj.CRS.from_user_input(crs)
            except pyproj.exceptions.CRSError as error:
                raise InputError(f'crs: {crs!r} is no CRS ({error})') from error
        metres_up = None if vertical_unit is None else _metres(vertical_unit)
        found: list[CloudFile] = []
        problems: list[FusionlsError] = []
        resolved = [path.resolve() for path in paths]
        for path in paths:
            try:
                found.append(_header(path, given, metres_up))
            except FusionlsError as error:
                problems.append(error)
        for path in sorted({p for p in resolved if resolved.count(p) > 1}):
            problems.append(PointCloudError(f'{path}: is given {resolved.count(path)} times'))
        if not paths:
            problems.append(PointCloudError('no file of points is given'))
        if len(problems) == 1:
            raise problems[0]
        raise_together(
            PointCloudError, 'the point cloud cannot be read', [str(error) for error in problems]
        )
        return cls(found)

    @property
    def points(self) -> int:
        """Points of all files, noise included."""
        return sum(file.points for file in self.files)

    def bounds(self, crs: pyproj.CRS) -> tuple[float, float, float, float]:
        """West, south, east, north of all files in a CRS."""
        parts = []
        for file in self.files:
            to = transformer(file.crs.to_wkt(), crs.to_wkt())
            parts.append(to.transform_bounds(*file.bounds, densify_pts=21))
        west, south, east, north = zip(*parts, strict=True)
        return min(west), min(south), max(east), max(north)

    def chunks(self, crs: pyproj.CRS) -> Iterator[Points]:
        """All points but noise and withheld ones, in a CRS, :data:`CHUNK` at a time.

        Raises:
            PointCloudError: A file is damaged, or ends before all of its points.
        """
        for file in self.files:
            place = _Placer(file, crs)
            seen = 0
            with _opened(file.path) as reader:
                for chunk in reader.chunk_iterator(CHUNK):
                    seen += len(chunk)
                    yield from _usable(chunk, file, place)
            if seen != file.points:
                raise PointCloudError(
                    f'{file.path}: holds {seen} of the {file.points} points its header promises; '
                    'the file is incomplete. Fetch it again.'
                )


def _metres(unit: str) -> float:
    try:
        return conversion(unit, 'm')
    except UnitUnknownError as error:
        raise UnitUnknownError(f'vertical_unit: {error}') from error


def _header(path: Path, given: pyproj.CRS | None, metres_up: float | None) -> CloudFile:
    with _opened(path) as reader:
        header = reader.header
        crs = _crs_of(header) or given
        problems = []
        scales, offsets = np.asarray(header.scales), np.asarray(header.offsets)
        if not (np.isfinite(scales).all() and (scales > 0).all() and np.isfinite(offsets).all()):
            problems.append(
                f'scales {scales.tolist()} and offsets {offsets.tolist()} make no place'
            )
        low, high = np.asarray(header.mins, float), np.asarray(header.maxs, float)
        if header.point_count == 0:
            problems.append('holds no point')
        elif not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
            problems.append(f'bounds {low.tolist()} to {high.tolist()} make no box')
        if not header.are_points_compressed:
            needed = header.offset_to_point_data + header.point_count * header.point_format.size
            size = path.stat().st_size
            if needed > size:
                problems.append(
                    f'its header promises {header.point_count} points ({needed} bytes), the file '
                    f'has {size} bytes: it is incomplete. Fetch it again'
                )
        raise_together(PointCloudError, f'{path}: cannot be used', problems)
        if crs is None:
            raise CrsMissingError(
                f'{path}: has no CRS, so nobody knows where it is, nor whether it counts in feet; '
                'say it: crs: EPSG:<code>'
            )
        bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        horizontal = crs.sub_crs_list[0] if crs.is_compound else crs
        up = metres_up if metres_up is not None else _vertical_metres(crs)
        return CloudFile(path, horizontal, int(header.point_count), bounds, up)


def _crs_of(header: Any) -> pyproj.CRS | None:
    try:
        found: pyproj.CRS | None = header.parse_crs()
    except (pyproj.exceptions.CRSError, ValueError, KeyError, IndexError):
        return None
    return found


def _vertical_metres(crs: pyproj.CRS) -> float:
    """Length of a unit of height: of the vertical axis, else of the horizontal ones."""
    axes = crs.axis_info
    vertical = [axis for axis in axes if axis.direction == 'up']
    if vertical:
        return float(vertical[0].unit_conversion_factor)
    return 1.0 if crs.is_geographic or not axes else float(axes[0].unit_conversion_factor)


class _Placer:
    """Takes points of a file to a CRS: exactly on a lattice, along straight lines in between."""

    def __init__(self, file: CloudFile, crs: pyproj.CRS) -> None:
        self._same = file.crs == crs
        self._file = file
        self._crs = crs

    def __call__(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        if self._same:
            return x, y
        west, south = self._file.bounds[:2]
        at = [(y - south) / self._step, (x - west) / self._step]
        found = [ndimage.map_coordinates(axis, at, order=1, mode='nearest') for axis in self._axes]
        return found[0], found[1]

    @cached_property
    def _step(self) -> float:
        """Distance of the lattice in units of the file's CRS."""
        west, south, east, north = self._file.bounds
        crs = self._file.crs
        unit = 111_000.0 if crs.is_geographic else crs.axis_info[0].unit_conversion_factor
        longest = max(east - west, north - south, 1e-9)
        return max(_LATTICE / unit, longest / _MAX_LATTICE)

    @cached_property
    def _axes(self) -> tuple[Numbers, Numbers]:
        west, south, east, north = self._file.bounds
        cols = west + np.arange(math.ceil((east - west) / self._step) + 2) * self._step
        rows = south + np.arange(math.ceil((north - south) / self._step) + 2) * self._step
        to = transformer(self._file.crs.to_wkt(), self._crs.to_wkt())
        east_of, north_of = np.meshgrid(cols, rows)
        x, y = to.transform(east_of, north_of)
        return np.asarray(x), np.asarray(y)


def _usable(chunk: Any, file: CloudFile, place: _Placer) -> Iterator[Points]:
    x, y, z = (np.asarray(getattr(chunk, axis), np.float64) for axis in 'xyz')
    kind = np.asarray(chunk.classification)
    keep = np.isfinite(x) & np.isfinite(y) & np.isfinite(z) & ~np.isin(kind, NOISE_CLASSES)
    keep &= ~np.asarray(chunk.withheld, bool)
    x, y = place(x, y)
    keep &= np.isfinite(x) & np.isfinite(y)
    points = Points(
        x,
        y,
        z * file.metres_up,
        np.asarray(chunk.intensity, np.float32),
        np.asarray(chunk.return_number) <= 1,  # 0 where a file does not say
        kind == GROUND_CLASS,
    )
    yield points if keep.all() else points.chosen(keep)
