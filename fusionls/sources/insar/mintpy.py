"""MintPy products: velocity, time series, geometry, coherence and masks, and its HDF-EOS5.

Flow: HDF5 files -> sources.insar.hdf5_grid -> [here] -> stack.align.
Source: insarlab/MintPy, docs/api/data_structure.md, attributes.md and hdfeos5.md. Velocities and
displacements are positive toward the satellite, as ours; incidence is from vertical at the
ground; azimuth is that of ground to satellite, from north, anticlockwise; zero and NaN are void.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fusionls.errors import ProductError, UnitUnknownError, raise_together
from fusionls.layers.insar.line_of_sight import los_from_angles
from fusionls.quantities import conversion
from fusionls.sources.insar.formula_source import (
    FormulaSource,
    Planes,
    ReadPlane,
    masked_below,
    named_quantities,
)
from fusionls.sources.insar.hdf5_grid import (
    attributes,
    dataset_shape,
    grid_of_attributes,
    hdf5_plane,
    listed,
    opened_hdf5,
    series_plane,
)
from fusionls.sources.insar.product import (
    TO_SATELLITE,
    check_points,
    check_same_grid,
    finished,
    los_planes,
)
from fusionls.sources.insar.series import fitted_velocity, years_of
from fusionls.sources.source import Source

_EOS = 'HDFEOS/GRIDS/timeseries'
_KEPT = (
    'REF_DATE', 'REF_LAT', 'REF_LON', 'ORBIT_DIRECTION', 'HEADING', 'WAVELENGTH', 'PLATFORM',
    'START_DATE', 'END_DATE',
)  # fmt: skip


_MAX_DATES = 100_000


@dataclass(frozen=True)
class _Product:
    """What a file turned out to be.

    Attributes:
        main: Data set of velocity or displacements.
        prefix: Where the planes beside it lie, by group: empty for MintPy's own files.
        told: Attributes.
        unit: As the file says it, empty where it does not.
        shape: Of ``main``.
        dates: Of a time series, else empty.
    """

    main: str
    prefix: str
    told: dict[str, str]
    unit: str
    shape: tuple[int, ...]
    dates: tuple[datetime.date, ...]


def open_mintpy(
    file: Path,
    *,
    track: str | None = None,
    layers: Sequence[str] | None = None,
    geometry: Path | None = None,
    coherence: Path | None = None,
    mask: Path | None = None,
    mask_below: float | None = None,
    unit: str | None = None,
    reference: Mapping[str, Any] | str | None = None,
    incidence: float | None = None,
    heading: float | None = None,
    los_points: str = TO_SATELLITE,
) -> tuple[Source, ...]:
    """MintPy's geocoded velocity.h5 or timeseries.h5, or a time series in HDF-EOS5.

    Of a time series the velocity is the slope of a straight line through all dates.

    Args:
        file: The HDF5 file.
        track: Qualifier of all layers, such as ``asc``.
        layers: Layers wanted; all that are there by default.
        geometry: geometryGeo.h5: line of sight and height, and the radar shadow, where nothing
            is valid.
        coherence: temporalCoherence.h5 or avgSpatialCoh.h5.
        mask: maskTempCoh.h5: where it is 0 nothing is valid.
        mask_below: Least coherence; below it the whole modality is invalid.
        unit: Unit of the file where its UNIT attribute is absent or wrong.
        reference: ``median``, ``mode``, ``{point: [longitude, latitude], radius: metres}`` or
            ``{box: [west, south, east, north]}``: what is taken off as the motion of stable
            ground; as delivered by default.
        incidence: Degrees from vertical, with ``heading``, where there is no geometry.
        heading: Flight direction, degrees clockwise from north.
        los_points: ``to_ground`` where the geometry's vector is that from satellite to ground.

    Raises:
        FileMissingError: A file does not exist.
        RadarCoordinatesError: It is not geocoded.
        ProductError: It is another HDF5, damaged, or its files do not fit; all at once.
        UnitUnknownError: Its unit is unknown.
        InputError: The options contradict each other.
    """
    file = Path(file)
    check_points(file, los_points)
    product = _looked_at(file)
    grid = grid_of_attributes(file, product.told, product.shape)
    target = 'm' if product.dates else 'm/yr'
    scale = _scale(file, unit or product.unit, target)
    inputs: dict[str, ReadPlane] = {}
    made = ['insar_velocity_los', 'insar_velocity_std']
    nodata = _nodata(product.told)
    if product.dates:
        inputs['series'] = series_plane(file, product.main, scale, nodata)
        made.append('insar_displacement_los')
    else:
        inputs['velocity'] = hdf5_plane(file, product.main, scale, nodata)
        with opened_hdf5(file) as opened:
            has_std = 'velocityStd' in opened
        if has_std and (found := dataset_shape(file, 'velocityStd')) != product.shape:
            raise ProductError(
                f'{file}: velocityStd is {found}, the velocity is {product.shape}; the file is '
                'damaged, make it anew'
            )
        if has_std:
            inputs['std'] = hdf5_plane(file, 'velocityStd', scale, nodata)
        else:
            made.remove('insar_velocity_std')
    files = [file]
    problems: list[str] = []
    for name, dataset, path in _companions(file, product, geometry, coherence, mask, problems):
        inputs[name] = hdf5_plane(path, dataset, zero_is_void=name not in ('mask', 'shadow'))
        files.append(path)
        try:
            with opened_hdf5(path) as opened:
                told = attributes(opened)
            shape = dataset_shape(path, dataset)
            check_same_grid(file, grid, path, grid_of_attributes(path, told, shape))
        except ProductError as error:
            problems.append(str(error))
    raise_together(ProductError, f'{file}: its files do not fit', problems)
    if 'coherence' in inputs:
        made.append('insar_coherence')
    if 'azimuth' in inputs and 'incidence' in inputs:
        made += ['insar_los_east', 'insar_los_north', 'insar_los_up']
    if 'height' in inputs:
        made.append('insar_elevation')
    if mask_below is not None and 'coherence' not in inputs:
        raise ProductError(f'{file}: mask_below needs a coherence; give coherence: FILE')
    formula = _formula(years_of(product.dates) if product.dates else None, mask_below, los_points)
    source = FormulaSource(
        file,
        grid,
        named_quantities(made, track),
        inputs,
        formula,
        track=track,
        files=tuple(dict.fromkeys(files)),
        masks=mask_below is not None or 'mask' in inputs,
        record={
            'product': 'mintpy',
            'positive': 'toward',
            'unit': unit or product.unit,
            **{key: product.told[key] for key in _KEPT if key in product.told},
            **({'dates': [date.isoformat() for date in product.dates]} if product.dates else {}),
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


def _looked_at(path: Path) -> _Product:
    with opened_hdf5(path) as file:
        told = attributes(file)
        if _EOS in file:
            main, prefix = f'{_EOS}/observation/displacement', f'{_EOS}/'
            dates = f'{_EOS}/observation/date'
        elif isinstance(file.get('velocity'), h5py.Dataset):
            main, prefix, dates = 'velocity', '', ''
        elif isinstance(file.get('timeseries'), h5py.Dataset):
            main, prefix, dates = 'timeseries', '', 'date'
        else:
            kind = told.get('FILE_TYPE')
            raise ProductError(
                f'{path}: is no MintPy velocity, time series or HDF-EOS5'
                f'{f" (FILE_TYPE {kind})" if kind else ""}; it holds {listed(file)}. Give '
                'velocity.h5 or timeseries.h5; the geometry, coherence and mask beside it are '
                'options'
            )
        if not isinstance(file.get(main), h5py.Dataset):
            raise ProductError(f'{path}: has no {main}; it holds {listed(file)}')
        if dates and dates not in file:
            raise ProductError(f'{path}: has no {dates} beside {main}; it holds {listed(file)}')
        unit = told.get('UNIT', '') or str(file[main].attrs.get('Units', ''))
        if dates and file[dates].size > _MAX_DATES:
            raise ProductError(f'{path}: {dates} is {file[dates].shape}, expected dates')
        found = _dates(path, file[dates][...]) if dates else ()
    shape = dataset_shape(path, main)
    if len(shape) != (3 if found else 2) or (found and shape[0] != len(found)):
        raise ProductError(
            f'{path}: {main} is {shape} with {len(found)} dates; expected (dates, rows, columns) '
            'of a series, (rows, columns) of a velocity'
        )
    if found and len(set(found)) < 2:
        raise ProductError(f'{path}: a velocity needs two dates at least, found {len(set(found))}')
    return _Product(main, prefix, told, unit, shape, found)


def _dates(path: Path, stored: np.ndarray) -> tuple[datetime.date, ...]:
    found = []
    for item in stored.ravel().tolist():
        text = item.decode('ascii', 'replace') if isinstance(item, bytes) else str(item)
        try:
            found.append(datetime.datetime.strptime(text[:8], '%Y%m%d').date())
        except ValueError as error:
            raise ProductError(f'{path}: date {text!r}, expected YYYYMMDD') from error
    return tuple(found)


def _scale(path: Path, unit: str | None, target: str) -> float:
    if not unit:
        raise UnitUnknownError(
            f'{path}: has no UNIT attribute; say it: unit: '
            f'{"m/year or mm/year" if target == "m/yr" else "m or mm"}'
        )
    try:
        return conversion(unit, target)
    except UnitUnknownError as error:
        raise UnitUnknownError(f'{path}: {error}. Say the right one by unit: ...') from error


def _nodata(told: Mapping[str, str]) -> float | None:
    try:
        return float(told['NO_DATA_VALUE'])
    except (KeyError, ValueError):
        return None


def _companions(
    file: Path,
    product: _Product,
    geometry: Path | None,
    coherence: Path | None,
    mask: Path | None,
    problems: list[str],
) -> list[tuple[str, str, Path]]:
    """Name of the plane, data set and file of everything beside the velocity."""
    found: list[tuple[str, str, Path]] = []

    def add(name: str, path: Path, candidates: Sequence[str], needed: bool) -> None:
        try:
            with opened_hdf5(path) as opened:
                there = [c for c in candidates if isinstance(opened.get(c), h5py.Dataset)]
                if there:
                    found.append((name, there[0], path))
                elif needed:
                    problems.append(
                        f'{path}: has none of {", ".join(candidates)}; it holds {listed(opened)}'
                    )
        except ProductError as error:
            problems.append(str(error))

    if product.prefix:
        inside = (
            ('incidence', 'geometry/incidenceAngle'),
            ('azimuth', 'geometry/azimuthAngle'),
            ('height', 'geometry/height'),
            ('coherence', 'quality/temporalCoherence'),
            ('mask', 'quality/mask'),
            ('shadow', 'geometry/shadowMask'),
        )
        for name, dataset in inside:
            add(name, file, [product.prefix + dataset], needed=False)
    if geometry is not None:
        for name, dataset in (
            ('incidence', 'incidenceAngle'),
            ('azimuth', 'azimuthAngle'),
            ('height', 'height'),
            ('shadow', 'shadowMask'),
        ):
            needed = name in ('incidence', 'azimuth')
            add(name, Path(geometry), [dataset], needed)
    if coherence is not None:
        candidates = [
            'temporalCoherence', 'avgSpatialCoh', 'avgSpatialCoherence', 'coherence',
            'spatialCoherence',
        ]  # fmt: skip
        add('coherence', Path(coherence), candidates, needed=True)
    if mask is not None:
        add('mask', Path(mask), ['mask', 'maskTempCoh', 'waterMask'], needed=True)
    # what is given beside the file goes before what is inside
    return list({name: (name, dataset, path) for name, dataset, path in found}.values())


def _formula(years: np.ndarray | None, mask_below: float | None, los_points: str) -> Any:
    def formula(planes: Planes, shape: tuple[int, int]) -> Planes:
        made: Planes = {}
        if years is not None:
            series = planes['series'][0].astype(np.float64)
            made['insar_velocity_los'], made['insar_velocity_std'] = fitted_velocity(series, years)
            last = series[-1] - series[0]
            made['insar_displacement_los'] = last.astype(np.float32), planes['series'][1]
        else:
            made['insar_velocity_los'] = planes['velocity']
            if 'std' in planes:
                values, valid = planes['std']
                made['insar_velocity_std'] = values, valid & planes['velocity'][1]
        if 'coherence' in planes:
            made['insar_coherence'] = planes['coherence']
        if 'incidence' in planes and 'azimuth' in planes:
            (inc, inc_valid), (azimuth, azimuth_valid) = planes['incidence'], planes['azimuth']
            made |= los_planes(los_from_angles(inc, azimuth), inc_valid & azimuth_valid, los_points)
        if 'height' in planes:
            made['insar_elevation'] = planes['height']
        good = np.ones(shape, bool)
        if 'mask' in planes:
            good &= planes['mask'][1] & (planes['mask'][0] != 0)
        if 'shadow' in planes:
            good &= ~planes['shadow'][1] | (planes['shadow'][0] == 0)
        made = {name: (values, valid & good) for name, (values, valid) in made.items()}
        return masked_below(made, planes.get('coherence'), mask_below)

    return formula
