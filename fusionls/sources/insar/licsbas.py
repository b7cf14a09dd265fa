"""LiCSBAS results: velocity, deviation, coherence, height and mask, raw, GeoTIFF or cum.h5.

Flow: results of one processing -> [here] -> stack.align.
Source: yumorishita/LiCSBAS (Morishita et al. 2020, Remote Sens. 12, 424): mm and mm/yr, positive
toward the satellite (coefficient -lambda / 4 pi); raw files are float32, the grid in EQA.dem_par,
whose corner is the middle of the first pixel (GAMMA); NaN is void.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyproj

from fusionls.errors import FileMissingError, ProductError, raise_together
from fusionls.geo.grid import Grid
from fusionls.geo.raster_io import read_grid
from fusionls.geo.window import Window
from fusionls.layers.spec import Plane
from fusionls.sources.insar.formula_source import (
    FormulaSource,
    Planes,
    ReadPlane,
    masked_below,
    named_quantities,
)
from fusionls.sources.insar.hdf5_grid import (
    dataset_shape,
    hdf5_plane,
    listed,
    opened_hdf5,
    series_plane,
)
from fusionls.sources.insar.look import LOS_LAYERS
from fusionls.sources.insar.product import (
    TO_SATELLITE,
    check_points,
    check_same_grid,
    cosine_planes,
    finished,
    raster_plane,
    told_numbers,
)
from fusionls.sources.insar.series import fitted_velocity, years_of
from fusionls.sources.source import Source

_MM = 0.001
_BESIDE = {'std': 'vstd', 'coherence': 'coh_avg', 'height': 'hgt', 'mask': 'mask'}
_LOOK = {'E': 'E.geo', 'N': 'N.geo', 'U': 'U.geo'}
_SCALES = {'velocity': _MM, 'std': _MM}


def open_licsbas(
    file: Path,
    *,
    track: str | None = None,
    layers: Sequence[str] | None = None,
    parameters: Path | None = None,
    mask: bool = True,
    mask_below: float | None = None,
    reference: Mapping[str, Any] | str | None = None,
    incidence: float | None = None,
    heading: float | None = None,
    los_points: str = TO_SATELLITE,
) -> tuple[Source, ...]:
    """LiCSBAS: a velocity (raw ``vel``, ``vel.mskd``, ... or GeoTIFF), or ``cum.h5``.

    What stands beside the velocity under its usual name is read too: vstd, coh_avg, hgt, mask and
    the look vector E.geo, N.geo, U.geo. Of ``cum.h5`` the velocity is the slope of a straight
    line through all dates.

    Args:
        file: The velocity, or cum.h5.
        track: Qualifier of all layers, such as ``asc``.
        layers: Layers wanted; all by default.
        parameters: EQA.dem_par of raw files; looked for beside them and in ``info``.
        mask: Whether pixels outside LiCSBAS's mask are invalid.
        mask_below: Least average coherence; below it the whole modality is invalid.
        reference: See product mintpy. LiCSBAS's own reference area need not be stable ground.
        incidence: Degrees from vertical, with ``heading``, where there is no look vector.
        heading: Flight direction, degrees clockwise from north.
        los_points: ``to_ground`` where E, N, U point from satellite to ground.

    Raises:
        FileMissingError: A file does not exist.
        ProductError: Its parts do not fit, or it is something else.
        InputError: Options that make no sense.
    """
    file = Path(file)
    check_points(file, los_points)
    if not file.is_file():
        raise FileMissingError(f'{file}: no such file; check the path and its spelling')
    dates: tuple[datetime.date, ...] = ()
    if file.suffix in ('.h5', '.hdf5'):
        grid, inputs, files, dates = _of_hdf5(file)
    elif file.suffix.lower() in ('.tif', '.tiff'):
        grid, inputs, files = _of_rasters(file)
    else:
        grid, inputs, files = _of_raw(file, parameters)
    if not mask:
        inputs.pop('mask', None)
    if mask_below is not None and 'coherence' not in inputs:
        raise ProductError(f'{file}: mask_below needs coh_avg beside the velocity')
    made = ['insar_velocity_los']
    if dates or 'std' in inputs:
        made.append('insar_velocity_std')
    if dates:
        made.append('insar_displacement_los')
    if 'coherence' in inputs:
        made.append('insar_coherence')
    if 'height' in inputs:
        made.append('insar_elevation')
    if all(way in inputs for way in _LOOK):
        made += LOS_LAYERS
    years = years_of(dates) if dates else None

    def formula(planes: Planes, shape: tuple[int, int]) -> Planes:
        return masked_below(_layers(planes, years, los_points), planes.get('coherence'), mask_below)

    source = FormulaSource(
        file,
        grid,
        named_quantities(made, track),
        inputs,
        formula,
        track=track,
        files=files,
        masks=mask_below is not None,
        record={
            'product': 'licsbas',
            'positive': 'toward',
            'unit': 'mm/yr',
            **({'dates': [date.isoformat() for date in dates]} if dates else {}),
        },
    )
    return finished(
        source,
        track=track,
        layers=layers,
        reference=reference,
        incidence=incidence,
        heading=heading,
    )


def _layers(planes: Planes, years: np.ndarray | None, los_points: str) -> Planes:
    made: Planes = {}
    if years is not None:
        series = planes['series'][0].astype(np.float64)
        made['insar_velocity_los'], made['insar_velocity_std'] = fitted_velocity(series, years)
        made['insar_displacement_los'] = (
            (series[-1] - series[0]).astype(np.float32),
            planes['series'][1],
        )
    else:
        made['insar_velocity_los'] = planes['velocity']
        if 'std' in planes:
            made['insar_velocity_std'] = planes['std']
    if 'mask' in planes:
        good = planes['mask'][1] & (planes['mask'][0] > 0)
        made = {name: (values, valid & good) for name, (values, valid) in made.items()}
    if 'coherence' in planes:
        made['insar_coherence'] = planes['coherence']
    if 'height' in planes:
        made['insar_elevation'] = planes['height']
    if all(way in planes for way in _LOOK):
        made |= cosine_planes([planes[way] for way in _LOOK], los_points)
    return made


def _beside(file: Path, suffix: str) -> dict[str, Path]:
    """Files of the same processing that stand beside a velocity, by plane."""
    found = {}
    for name, usual in (_BESIDE | _LOOK).items():
        for folder in (file.parent, file.parent.parent):
            path = folder / f'{usual}{suffix}'
            if path.is_file() and path != file:
                found[name] = path
                break
    return found


def _of_rasters(file: Path) -> tuple[Grid, dict[str, ReadPlane], tuple[Path, ...]]:
    grid = read_grid(file)
    parts = {'velocity': file, **_beside(file, file.suffix)}
    inputs: dict[str, ReadPlane] = {}
    for name, path in parts.items():
        check_same_grid(file, grid, path, read_grid(path))
        inputs[name] = raster_plane(path, _SCALES.get(name, 1.0), zero_is_void=False)
    return grid, inputs, tuple(parts.values())


def _of_raw(
    file: Path, parameters: Path | None
) -> tuple[Grid, dict[str, ReadPlane], tuple[Path, ...]]:
    near = (file.parent, file.parent / 'info', file.parent.parent / 'info', file.parent.parent)
    told = parameters or next(
        (f / 'EQA.dem_par' for f in near if (f / 'EQA.dem_par').is_file()), None
    )
    if told is None:
        raise ProductError(
            f'{file}: a raw file of LiCSBAS needs EQA.dem_par, which is neither beside it nor in '
            'info; give parameters: FILE'
        )
    grid = _grid_of_parameters(Path(told))
    parts = {'velocity': file, **_beside(file, '')}
    size = 4 * grid.rows * grid.cols
    problems = [
        f'{path.name}: {path.stat().st_size} bytes, expected {size} ({grid.rows} x {grid.cols} '
        'float32)'
        for path in parts.values()
        if path.stat().st_size != size
    ]
    raise_together(ProductError, f'{file}: raw files do not fit {told}', problems)
    inputs = {n: _raw_plane(p, grid, _SCALES.get(n, 1.0)) for n, p in parts.items()}
    return grid, inputs, (*parts.values(), Path(told))


def _raw_plane(path: Path, grid: Grid, scale: float) -> ReadPlane:
    def read(window: Window) -> Plane:
        stored = np.memmap(path, '<f4', 'r', shape=grid.shape)[window.slices]
        valid = np.isfinite(stored)
        return np.where(valid, stored * np.float32(scale), np.float32(0)), valid

    return read


def _grid_of_parameters(path: Path) -> Grid:
    """Grid of a GAMMA DEM parameter file in longitude and latitude.

    Raises:
        FileMissingError: There is no such file.
        ProductError: It is none, or is not in degrees.
    """
    keys = ('width', 'nlines', 'corner_lat', 'corner_lon', 'post_lat', 'post_lon')
    found = told_numbers(path, keys, 'a GAMMA DEM parameter file in degrees')
    return _grid_of_corner(
        path,
        (int(found['nlines']), int(found['width'])),
        (found['corner_lon'], found['corner_lat']),
        (found['post_lon'], found['post_lat']),
    )


def _grid_of_corner(
    path: Path, shape: tuple[int, int], middle: tuple[float, float], step: tuple[float, float]
) -> Grid:
    """Grid of the middle of its first pixel."""
    width, height = step[0], -step[1]
    sound = 0 < width < 10 and 0 < height < 10 and min(shape) > 0
    if not (sound and abs(middle[0]) <= 361 and abs(middle[1]) <= 90.5):
        raise ProductError(
            f'{path}: {shape[0]} x {shape[1]} pixels of {width:g} x {height:g} degrees from '
            f'({middle[0]:g}, {middle[1]:g}) make no grid'
        )
    west, north = middle[0] - width / 2, middle[1] + height / 2
    return Grid(pyproj.CRS(4326), west, north, width, height, *shape)


def _of_hdf5(
    file: Path,
) -> tuple[Grid, dict[str, ReadPlane], tuple[Path, ...], tuple[datetime.date, ...]]:
    with opened_hdf5(file) as opened:
        needed = ('cum', 'imdates', 'corner_lat', 'corner_lon', 'post_lat', 'post_lon')
        missing = [name for name in needed if not isinstance(opened.get(name), h5py.Dataset)]
        if missing:
            raise ProductError(
                f'{file}: is no cum.h5 of LiCSBAS: it has no {", ".join(missing)}; it holds '
                f'{listed(opened)}'
            )
        kinds = {name: opened[name].dtype.kind for name in needed}
        odd = [f'{name} holds no real numbers' for name, kind in kinds.items() if kind not in 'fiu']
        raise_together(ProductError, f'{file}: is no cum.h5 of LiCSBAS', odd)
        corner = [
            float(np.ravel(opened[n][()])[0])
            for n in ('corner_lon', 'corner_lat', 'post_lon', 'post_lat')
        ]
        stored = [str(int(n)) for n in np.ravel(opened['imdates'][()])]
        beside = {n: k for n, k in _BESIDE.items() if n != 'std'} | _LOOK
        own = {n: k for n, k in beside.items() if isinstance(opened.get(k), h5py.Dataset)}
    try:
        dates = tuple(datetime.datetime.strptime(text, '%Y%m%d').date() for text in stored)
    except ValueError as error:
        raise ProductError(f'{file}: imdates {stored[:3]}, expected YYYYMMDD') from error
    shape = dataset_shape(file, 'cum')
    if len(shape) != 3 or shape[0] != len(dates) or len(dates) < 2:
        raise ProductError(f'{file}: cum is {shape} with {len(dates)} dates')
    grid = _grid_of_corner(
        file, (shape[1], shape[2]), (corner[0], corner[1]), (corner[2], corner[3])
    )
    odd = [
        f'{name} is {found}, expected {shape[1:]}'
        for name in own.values()
        if (found := dataset_shape(file, name)) != shape[1:]
    ]
    raise_together(ProductError, f'{file}: its planes are not of one shape', odd)
    inputs: dict[str, ReadPlane] = {'series': series_plane(file, 'cum', _MM, zero_is_void=False)}
    for name, dataset in own.items():
        inputs[name] = hdf5_plane(file, dataset, zero_is_void=False)
    return grid, inputs, (file,), dates
