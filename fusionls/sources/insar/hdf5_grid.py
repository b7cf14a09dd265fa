"""Open HDF5 products: what is in them, where their pixels are, planes window by window.

Flow: HDF5 file -> [here] -> sources.insar.mintpy, licsbas.
Source: attributes as MintPy writes them (insarlab/MintPy, docs/api/attributes.md): X_FIRST and
Y_FIRST are the upper left corner of the first pixel; no EPSG and no UTM_ZONE means EPSG:4326.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pyproj

from fusionls.errors import (
    ProductError,
    RadarCoordinatesError,
    raise_together,
)
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray
from fusionls.geo.window import Window
from fusionls.layers.spec import Plane
from fusionls.sources.hdf5 import hdf5_or_refused
from fusionls.sources.insar.formula_source import ReadPlane
from fusionls.sources.insar.hdf5_trial import harm_of

_SHOWN = 12
"""Entries of a file that an error names."""
_MAX_SIDE, _MAX_PIXELS = 1_000_000, 10**10
_MAX_CHUNK = 1 << 30
"""Bytes; a chunk is read whole, whatever the window."""


@contextmanager
def opened_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading.

    Raises:
        FileMissingError: There is no such file.
        ProductError: It is no HDF5, or is damaged.
    """
    cure = 'the file is no HDF5, or damaged or incomplete. Fetch it again.'
    harm = harm_of(path) if path.is_file() else None
    if harm is not None:
        raise ProductError(f'{path}: cannot be read as HDF5 ({harm}); {cure}')
    with hdf5_or_refused(path, ProductError, cure) as file:
        yield file


def contents(file: h5py.File) -> list[str]:
    """Names of all data sets."""
    found: list[str] = []

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found.append(f'{name} {item.shape}')

    file.visititems(visit)
    return found


def listed(file: h5py.File) -> str:
    """What a file holds, for an error text."""
    found = contents(file)
    more = f' and {len(found) - _SHOWN} more' if len(found) > _SHOWN else ''
    return (', '.join(found[:_SHOWN]) or 'nothing') + more


def attributes(file: h5py.File) -> dict[str, str]:
    """Attributes of the root as text."""
    found = {}
    for key in file.attrs:
        value = file.attrs[key]
        if isinstance(value, bytes):
            value = value.decode('utf-8', 'replace')
        found[str(key)] = str(value).strip()
    return found


def grid_of_attributes(path: Path, told: Mapping[str, str], shape: tuple[int, ...]) -> Grid:
    """Where the pixels of a MintPy file are.

    Raises:
        RadarCoordinatesError: It is not geocoded.
        ProductError: Attributes are missing, are no numbers or make no grid; all at once.
    """
    if 'Y_FIRST' not in told and 'X_FIRST' not in told:
        raise RadarCoordinatesError(
            f'{path}: is in radar coordinates (it has no X_FIRST and Y_FIRST); a stack needs a '
            f'geocoded product. Geocode it: geocode.py {path.name} -l inputs/geometryRadar.h5 '
            '(MintPy), and give the geo_ file'
        )
    problems: list[str] = []

    def number(key: str) -> float:
        try:
            found = float(told[key])
        except KeyError:
            problems.append(f'attribute {key} is missing')
            return math.nan
        except ValueError:
            problems.append(f'attribute {key} is {told[key]!r}, expected a number')
            return math.nan
        if not math.isfinite(found):
            problems.append(f'attribute {key} is {found}')
        return found

    crs = _crs(told, problems)
    west, north = number('X_FIRST'), number('Y_FIRST')
    width, height = number('X_STEP'), -number('Y_STEP')
    if not problems and not (width > 0 and height > 0):
        problems.append(f'X_STEP {width:g} and Y_STEP {-height:g}: expected > 0 and < 0')
    if crs.is_geographic and (abs(north) > 90.5 or abs(west) > 361):
        problems.append(
            f'X_FIRST {west:g} and Y_FIRST {north:g} are no degrees, and neither EPSG nor '
            'UTM_ZONE says another CRS'
        )
    for key, size in (('LENGTH', shape[-2]), ('WIDTH', shape[-1])):
        if key in told and told[key] != str(size):
            problems.append(f'attribute {key} is {told[key]}, the data have {size}')
    raise_together(ProductError, f'{path}: its pixels cannot be placed', problems)
    if crs.is_geographic and west > 180:
        west -= 360.0
    return Grid(crs, west, north, width, height, shape[-2], shape[-1])


def _crs(told: Mapping[str, str], problems: list[str]) -> pyproj.CRS:
    code, zone = told.get('EPSG', ''), told.get('UTM_ZONE', '')
    if not code and zone:
        # the letter is the hemisphere (MintPy, utils0.py: utm_zone2epsg_code), no band of MGRS
        half, number = {'N': 326, 'S': 327}.get(zone[-1].upper()), zone[:-1]
        sound = half and number.isdecimal() and 1 <= int(number) <= 60
        code = f'{half}{int(number):02d}' if sound else zone
    try:
        return pyproj.CRS.from_epsg(int(code)) if code else pyproj.CRS.from_epsg(4326)
    except (ValueError, pyproj.exceptions.CRSError):
        problems.append(f'EPSG {told.get("EPSG")!r}, UTM_ZONE {zone!r}: no known CRS')
        return pyproj.CRS.from_epsg(4326)


def dataset_shape(path: Path, name: str) -> tuple[int, ...]:
    """Shape of a data set of two or three dimensions.

    Raises:
        ProductError: There is none, or it has another number of dimensions.
    """
    with opened_hdf5(path) as file:
        if not isinstance(file.get(name), h5py.Dataset):
            raise ProductError(f'{path}: has no data set {name!r}; it holds {listed(file)}')
        shape: tuple[int, ...] = file[name].shape
        if (
            len(shape) not in (2, 3)
            or min(shape) < 1
            or max(shape) > _MAX_SIDE
            or math.prod(shape[-2:]) > _MAX_PIXELS
        ):
            raise ProductError(f'{path}: {name} is {shape}, expected rows and columns')
        found = file[name]
        if found.dtype.kind not in 'fiub':
            raise ProductError(f'{path}: {name} holds {found.dtype}, expected numbers')
        chunk = math.prod(found.chunks or (0,)) * found.dtype.itemsize
        stored = found.id.get_storage_size()
        if chunk > _MAX_CHUNK or (found.chunks is None and 0 < stored < found.nbytes):
            raise ProductError(
                f'{path}: {name} is {shape} in {stored} bytes, chunks of {chunk}; the file is '
                'damaged. Fetch it again.'
            )
        return shape


def hdf5_plane(
    path: Path,
    name: str,
    scale: float = 1.0,
    nodata: float | None = None,
    zero_is_void: bool = True,
) -> ReadPlane:
    """Reads a data set (rows, cols) by windows.

    Args:
        path: The file.
        name: The data set.
        scale: Value = scale * stored value.
        nodata: A stored value that means invalid, beside NaN.
        zero_is_void: Whether a stored zero means invalid too, as MintPy writes it.
    """

    def read(window: Window) -> Plane:
        with opened_hdf5(path) as file:
            stored = np.asarray(file[name][window.slices], np.float64)
        valid = np.isfinite(stored)
        if zero_is_void:
            valid &= stored != 0
        if nodata is not None:
            valid &= stored != nodata
        with np.errstate(over='ignore'):  # what is infinite as float32 is invalid as well
            return np.where(valid, stored * scale, 0).astype(np.float32), valid

    return read


def series_plane(
    path: Path, name: str, scale: float, nodata: float | None = None, zero_is_void: bool = True
) -> ReadPlane:
    """Reads a series (dates, rows, cols) by windows; NaN at all dates where one has none.

    All as :func:`hdf5_plane` has it, but zero is void only where it stands at all dates: at one
    it is the reference.
    """

    def read(window: Window) -> Plane:
        with opened_hdf5(path) as file:
            stored = np.asarray(file[name][(slice(None), *window.slices)], np.float64)
        void: BoolArray = ~np.logical_and.reduce(np.isfinite(stored))
        if zero_is_void:
            void |= (stored == 0).all(0)
        if nodata:
            void |= (stored == nodata).any(0)
        stored[:, void] = np.nan
        with np.errstate(over='ignore'):
            return (stored * scale).astype(np.float32), ~void

    return read
