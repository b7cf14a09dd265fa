"""LAS, LAZ and COPC files as one stream of points in metres, in chunks.

Flow: files -> sources.lidar.las_header -> laspy -> [here] -> sources.lidar.gridding.
Source: ASPRS LAS specification 1.4 R15: class 7 low noise, 18 high noise, 2 ground; the withheld
flag.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.errors import (
    FusionlsError,
    InputError,
    PointCloudError,
    UnitUnknownError,
    raise_together,
)
from fusionls.geo.coordinate_grid import transformer
from fusionls.quantities import conversion
from fusionls.sources.lidar.las_header import CloudFile, cloud_file, opened

CHUNK = 1_000_000
"""Points held at once."""
_CHUNK_BYTES = 1 << 28
"""Bytes of them at most, where a point has many extra ones."""
GROUND_CLASS = 2
NOISE_CLASSES = (7, 18)
_LATTICE = 100.0
"""Distance in metres between points that are projected exactly; others lie on straight lines
between them, which errs by less than a millimetre."""
_MAX_LATTICE = 2000
"""Such points along a side: the distance grows for files of more than 200 km."""
Numbers = NDArray[np.float64]
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Points:
    """Some points.

    Attributes:
        x: (n,) east, units of the CRS asked for.
        y: (n,) north.
        z: (n,) height, metres.
        intensity: (n,) counts.
        is_ground: (n,) class 2 in the file.
    """

    x: Numbers
    y: Numbers
    z: Numbers
    intensity: NDArray[np.float32]
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
            self.is_ground[keep],
        )


class PointCloud:
    """Several files as one cloud; get one from :meth:`open`.

    Attributes:
        files: In the order given.
        crs: CRS of the first file.
    """

    def __init__(self, files: Sequence[CloudFile]) -> None:
        self.files = tuple(files)
        self.crs = files[0].crs
        self._boxes: dict[tuple[Path, int], Bounds] = {}  # of chunks that were read once

    @classmethod
    def open(
        cls, paths: Sequence[Path], *, crs: str | None = None, vertical_unit: str | None = None
    ) -> PointCloud:
        """Look at the headers of some files.

        Args:
            paths: LAS, LAZ or COPC.
            crs: CRS of files that do not say it.
            vertical_unit: Unit of their heights (``m``, ``ft``, ``us-ft``); told by the files by
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
        for path in paths:
            try:
                found.append(cloud_file(path, given, metres_up))
            except FusionlsError as error:
                problems.append(error)
        resolved = [path.resolve() for path in paths]
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

    def bounds(self, crs: pyproj.CRS) -> Bounds:
        """West, south, east, north of all files in a CRS; infinite where it is not defined."""
        west, south, east, north = zip(*(_bounds_in(f, crs) for f in self.files), strict=True)
        return min(west), min(south), max(east), max(north)

    def chunks(self, crs: pyproj.CRS, within: Bounds | None = None) -> Iterator[Points]:
        """All points but noise and withheld ones, in a CRS, :data:`CHUNK` at a time.

        Args:
            crs: CRS of the points that are given.
            within: West, south, east, north in it: files beside it are passed over, and chunks
                that were found beside it when they were read before. Of the others all points
                are given.

        Raises:
            PointCloudError: A file is damaged, ends before all of its points, or has points
                outside the box that its header states.
        """
        for file in self.files:
            if within is None or _touch(_bounds_in(file, crs), within):
                yield from self._chunks_of(file, crs, within)

    def _chunks_of(
        self, file: CloudFile, crs: pyproj.CRS, within: Bounds | None
    ) -> Iterator[Points]:
        place = _Placer(file, crs)
        wanted = None if within is None else _drawn_in(within, crs, file.crs)
        with opened(file.path) as reader:
            size = max(min(CHUNK, _CHUNK_BYTES // reader.header.point_format.size), 1)
            if reader.header.point_count != file.points:
                raise PointCloudError(
                    f'{file.path}: holds {reader.header.point_count} points, and held '
                    f'{file.points} when it was opened; it has changed since'
                )
            at = 0
            for start in range(0, file.points, size):
                box = self._boxes.get((file.path, start))
                if box is not None and wanted is not None and not _touch(box, wanted):
                    continue
                if at != start:
                    reader.seek(start)
                chunk = reader.read_points(size)
                at = start + len(chunk)
                if at < min(start + size, file.points):
                    raise PointCloudError(
                        f'{file.path}: holds {at} of the {file.points} points its header '
                        'promises; the file is incomplete. Fetch it again.'
                    )
                points, self._boxes[file.path, start] = _usable(chunk, file, place)
                yield points


def _metres(unit: str) -> float:
    try:
        return conversion(unit, 'm')
    except UnitUnknownError as error:
        raise UnitUnknownError(f'vertical_unit: {error}') from error


def _bounds_in(file: CloudFile, crs: pyproj.CRS) -> Bounds:
    if file.crs == crs:
        return file.bounds
    to = transformer(file.crs.to_wkt(), crs.to_wkt())
    try:
        west, south, east, north = to.transform_bounds(*file.bounds, densify_pts=21)
    except pyproj.exceptions.ProjError:
        return (math.inf,) * 4
    return west, south, east, north


def _touch(one: Bounds, other: Bounds) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _drawn_in(bounds: Bounds, crs: pyproj.CRS, file_crs: pyproj.CRS) -> Bounds | None:
    """Bounds in the CRS of a file, a little larger; None where they cannot be told."""
    if file_crs == crs:
        return bounds
    to = transformer(crs.to_wkt(), file_crs.to_wkt())
    try:
        west, south, east, north = to.transform_bounds(*bounds, densify_pts=21)
    except pyproj.exceptions.ProjError:
        return None
    if not (west < east and south < north):  # across the antimeridian
        return None
    wider, higher = 0.01 * (east - west), 0.01 * (north - south)
    return west - wider, south - higher, east + wider, north + higher


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


def _usable(chunk: Any, file: CloudFile, place: _Placer) -> tuple[Points, Bounds]:
    """The points of a chunk that count, and the box of all of them in the file's CRS."""
    x, y, z = (np.asarray(getattr(chunk, axis), np.float64) for axis in 'xyz')
    kind = np.asarray(chunk.classification)
    keep = np.isfinite(x) & np.isfinite(y) & np.isfinite(z) & ~np.isin(kind, NOISE_CLASSES)
    keep &= ~np.asarray(chunk.withheld, bool)
    box = float(x.min()), float(y.min()), float(x.max()), float(y.max())
    _check_box(x, y, keep, file)
    x, y = place(x, y)
    keep &= np.isfinite(x) & np.isfinite(y)
    points = Points(
        x,
        y,
        z * file.metres_up,
        np.asarray(chunk.intensity, np.float32),
        kind == GROUND_CLASS,
    )
    return points if keep.all() else points.chosen(keep), box


def _check_box(x: Numbers, y: Numbers, keep: NDArray[np.bool_], file: CloudFile) -> None:
    """Refuse points beyond the header's box: the grid and the projection are laid out by it."""
    west, south, east, north = file.bounds
    edge = 2 * file.rounding
    outside = (x < west - edge) | (x > east + edge) | (y < south - edge) | (y > north + edge)
    outside &= keep
    if outside.any():
        raise PointCloudError(
            f'{file.path}: {np.count_nonzero(outside)} points lie outside the box that its header '
            f'states, {file.bounds}, the first at ({x[outside][0]:.10g}, {y[outside][0]:.10g}). '
            'Write the header anew: cloud = laspy.read(file); cloud.update_header(); '
            'cloud.write(file)'
        )
