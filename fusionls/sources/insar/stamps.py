"""StaMPS points as the StaMPS Visualizer exports them -> velocity in the line of sight.

Flow: CSV -> [here] -> stack.align.
Source: thho/StaMPS_Visualizer, README: the first data row is the reference point (longitude,
latitude) with the dates as MATLAB day numbers; each further row is longitude, latitude, mean
velocity and the displacement at each date, mm and mm/yr, positive toward the satellite.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj

from fusionls.errors import InputError, ProductError, raise_together
from fusionls.sources.insar.formula_source import selected
from fusionls.sources.insar.look import constant_look
from fusionls.sources.insar.points import check_pixel, numbers, point_source, read_table, scaled
from fusionls.sources.insar.reference import referenced
from fusionls.sources.insar.series import fitted_velocity, years_of
from fusionls.sources.source import Source

_MATLAB_DAYS = 366
"""MATLAB's day numbers run this many days ahead of Python's ordinals."""
_YEARS = (1990, 2100)


def open_stamps(
    file: Path,
    *,
    track: str | None = None,
    layers: Sequence[str] | None = None,
    unit: str = 'mm/yr',
    positive: str = 'toward',
    reference: Mapping[str, Any] | str | None = None,
    incidence: float | None = None,
    heading: float | None = None,
    pixel: float | None = None,
) -> tuple[Source, ...]:
    """StaMPS PS or SBAS points, the CSV of the StaMPS Visualizer.

    Args:
        file: The CSV.
        track: Qualifier of all layers, such as ``desc``.
        layers: Layers wanted; all by default.
        unit: Of the velocity column; displacements count in the same unit of length.
        positive: What the file counts as positive: ``toward`` the satellite or ``away``.
        reference: See product mintpy.
        incidence: Degrees from vertical, with ``heading``.
        heading: Flight direction, degrees clockwise from north.
        pixel: Metres of the points' own grid, which counts where the scene says none.

    Raises:
        FileMissingError: There is no such file.
        ProductError: It is no such table; every mistake at once.
        UnitUnknownError: The unit is unknown.
        InputError: Options that make no sense.
    """
    file = Path(file)
    check_pixel(file, pixel)
    factor = scaled(unit, 'm/yr', file)
    if positive not in ('toward', 'away'):
        raise InputError(f'{file}: positive is {positive!r}, expected toward or away')
    if (incidence is None) != (heading is None):
        raise InputError(f'{file}: incidence and heading are one line of sight; give both')
    if positive == 'away':
        factor = -factor
    table = read_table(file)
    if table.shape[1] < 4 or len(table) < 2:
        raise ProductError(
            f'{file}: {table.shape[1]} columns and {len(table)} rows; expected longitude, '
            'latitude, velocity and a displacement per date, the first row being the reference '
            'point with the dates'
        )
    problems: list[str] = []
    columns = np.stack([numbers(file, table, name, problems) for name in table.columns])
    raise_together(ProductError, f'{file}: columns cannot be used', problems)
    dates = _dates(file, columns[3:, 0])
    if not np.isfinite(columns[:2, 0]).all():
        raise ProductError(f'{file}: the first row must hold the place of the reference point')
    longitude, latitude, velocity = columns[:3, 1:]
    made = {'insar_velocity_los': velocity * factor}
    if len(dates) > 2:
        # all lengths in metres: what a factor of per year does to a length is the same
        series = columns[3:, 1:, None] * abs(factor)
        made['insar_velocity_std'] = fitted_velocity(series, years_of(dates))[1][0][:, 0].astype(
            np.float64
        )
    source: Source = point_source(
        file,
        pyproj.CRS(4326),
        longitude,
        latitude,
        made,
        track=track,
        record={
            'product': 'stamps',
            'positive': positive,
            'unit': unit,
            'points': len(longitude),
            'dates': [dates[0].isoformat(), dates[-1].isoformat()],
            'reference_point': [float(columns[0, 0]), float(columns[1, 0])],
        },
        pixel=pixel,
    )
    sources = referenced((source,), reference)
    if incidence is not None and heading is not None:
        sources = (*sources, constant_look(file, source.grid, incidence, heading, track))
    return selected(sources, layers, track, file)


def _dates(path: Path, stored: np.ndarray) -> tuple[datetime.date, ...]:
    problems = []
    found = []
    for number in stored:
        try:
            date = datetime.date.fromordinal(int(number) - _MATLAB_DAYS)
        except (ValueError, OverflowError):
            problems.append(f'{number}: no day number')
            continue
        if not _YEARS[0] <= date.year < _YEARS[1]:
            problems.append(f'{number:g}: would be {date}')
        found.append(date)
    if not problems and sorted(set(found)) != found:
        problems.append('dates do not follow each other')
    raise_together(
        ProductError,
        f'{path}: the first row must hold the dates as MATLAB day numbers',
        problems[:3],
    )
    return tuple(found)
