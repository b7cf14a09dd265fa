"""Variables of a NetCDF-4 patch as pictures: north up, east right, by the names of their axes.

Flow: NetCDF-4 files (HDF5) -> datasets.hdf5_files -> [here] -> datasets.public.sen12landslides.
Source: CF conventions 1.11, sec. 2.5.1 (missing data) and 8.1 (packed data); axes are those whose
coordinates are attached as dimension scales, NetCDF-4 file format, sec. on dimensions.
"""

from __future__ import annotations

import functools
from typing import Any

import h5py
import numpy as np
import pyproj
from numpy.typing import NDArray

from fusionls.datasets.hdf5_files import variable
from fusionls.errors import InputError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import FloatArray


def in_order(file: h5py.File, name: str) -> NDArray[Any]:
    """A variable as (T, rows, cols): north up, east right, times ascending.

    Raises:
        InputError: Its axes are not time, x and y, or carry no coordinates.
    """
    found = variable(file, name)
    axes = [_axis(file, found, number) for number in range(found.ndim)]
    if sorted(axes) != ['time', 'x', 'y']:
        raise InputError(f'{file.filename}: {name} has the axes {axes}; expected time, x and y')
    values = np.transpose(found[()], [axes.index(axis) for axis in ('time', 'y', 'x')])
    y, x = (np.asarray(variable(file, axis)[()]) for axis in ('y', 'x'))
    values = values[:, :: -1 if y[0] < y[-1] else 1, :: -1 if x[0] > x[-1] else 1]
    return values[np.argsort(np.asarray(variable(file, 'time')[()]), kind='stable')]


def _axis(file: h5py.File, found: h5py.Dataset, number: int) -> str:
    """Name of an axis, by the coordinate that is attached to it."""
    scales = found.dims[number]
    if len(scales) == 0:
        raise InputError(f'{file.filename}: axis {number} of {found.name} has no coordinate')
    return str(scales[0].name).rpartition('/')[2]


def numbers(file: h5py.File, name: str) -> FloatArray:
    """A variable as (T, rows, cols) float32, unpacked, NaN where it declares a fill value."""
    raw = in_order(file, name)
    values = raw.astype(np.float32)
    attributes = variable(file, name).attrs
    for key in ('_FillValue', 'missing_value'):
        if key in attributes:
            values[raw == np.asarray(attributes[key]).ravel()[0]] = np.nan
    scale = np.asarray(attributes.get('scale_factor', 1.0)).ravel()[0]
    offset = np.asarray(attributes.get('add_offset', 0.0)).ravel()[0]
    return np.asarray(values * np.float32(scale) + np.float32(offset), np.float32)


def patch_grid(file: h5py.File) -> Grid:
    """Where a patch lies, from its coordinates, which are centres of pixels.

    Raises:
        InputError: They are not evenly spaced, or the CRS is not understood.
    """
    x, y = (np.asarray(variable(file, axis)[()], np.float64) for axis in ('x', 'y'))
    steps = [abs(np.diff(axis)) for axis in (x, y)]
    if any(len(s) == 0 or s.min() <= 0 or np.ptp(s) > 1e-3 * s.mean() for s in steps):
        raise InputError(f'{file.filename}: x and y are not evenly spaced')
    wide, high = (float(s.mean()) for s in steps)
    told = file.attrs.get('crs', '')
    try:
        crs = _crs(told.decode() if isinstance(told, bytes) else str(told))
    except pyproj.exceptions.CRSError as error:
        raise InputError(
            f'{file.filename}: crs is {told!r}; expected EPSG:32632 or such'
        ) from error
    west, north = float(x.min()) - wide / 2, float(y.max()) + high / 2
    return Grid(crs, west, north, wide, high, len(y), len(x))


@functools.lru_cache(maxsize=64)
def _crs(told: str) -> pyproj.CRS:
    return pyproj.CRS.from_user_input(told)
