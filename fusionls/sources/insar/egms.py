"""European Ground Motion Service: L2 points in the line of sight, L3 east and up.

Flow: CSV (zipped or not) or L3 GeoTIFF -> [here] -> stack.align.
Source: EGMS Product Description v3 (EEA, 2025): mm and mm/yr; L2a and L2b positive toward the
satellite, with the unit vector los_east, los_north, los_up from ground to satellite; L3 positive
up and east; EPSG:3035; L3 coordinates are the middles of 100 m cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyproj

from fusionls.errors import ProductError, raise_together
from fusionls.sources.insar.formula_source import selected
from fusionls.sources.insar.points import check_pixel, numbers, point_source, read_table
from fusionls.sources.insar.reference import referenced
from fusionls.sources.rasters import SourceRaster
from fusionls.sources.source import North, Source

_MM = 0.001
EUROPE = 'EPSG:3035'
_PLACES = ('easting', 'northing')
_LOS = ('los_east', 'los_north', 'los_up')
_L2_MARK = 'los_east'
_COLUMNS = {
    # column -> (layer, factor to canonical units)
    'mean_velocity': ('insar_velocity_los', _MM),
    'mean_velocity_std': ('insar_velocity_std', _MM),
    'acceleration': ('insar_acceleration', _MM),
    'temporal_coherence': ('insar_coherence', 1.0),
    'los_east': ('insar_los_east', 1.0),
    'los_north': ('insar_los_north', 1.0),
    'los_up': ('insar_los_up', 1.0),
    'height': ('insar_elevation', 1.0),
}
_L3_PIXEL = 100.0  # metres


def open_egms(
    file: Path,
    *,
    track: str | None = None,
    layers: Sequence[str] | None = None,
    component: str | None = None,
    reference: Mapping[str, Any] | str | None = None,
    pixel: float | None = None,
) -> tuple[Source, ...]:
    """EGMS L2a or L2b points, L3 points or L3 GeoTIFF; a CSV may be zipped as it was delivered.

    Args:
        file: The CSV, the zip that holds it, or the GeoTIFF.
        track: Qualifier of all layers, such as ``asc``; L3 needs none.
        layers: Layers wanted; all by default.
        component: Of L3, ``U`` or ``E``; by the file's name by default.
        reference: See product mintpy. EGMS is calibrated to GNSS; none as a rule.
        pixel: Metres of the points' own grid, which counts where the scene says none.

    Raises:
        FileMissingError: There is no such file.
        ProductError: Columns are missing or hold no numbers; all at once.
        InputError: Options that make no sense.
    """
    file = Path(file)
    check_pixel(file, pixel)
    if file.suffix.lower() in ('.tif', '.tiff'):
        layer = _component_layer(file, component)
        raster = SourceRaster.open(file, [layer], unit='mm/yr', north=North.TRUE)
        raster = replace(raster, record=_record('L3'))
        return selected(referenced((raster,), reference), layers, track, file)
    header = list(read_table(file, nrows=0).columns)
    is_points = _L2_MARK in header or any(name in header for name in ('mp_type', 'track_angle'))
    needed = [*_PLACES, 'mean_velocity', *(_LOS if is_points else ())]
    missing = [name for name in needed if name not in header]
    if missing:
        shown = ', '.join(header[:8]) + (', ...' if len(header) > 8 else '')
        raise ProductError(
            f'{file}: has no {", ".join(missing)}; found {shown}. Expected the CSV of an EGMS L2a, '
            'L2b or L3 product as it is delivered'
        )
    known = _COLUMNS
    if not is_points:
        velocity = _component_layer(file, component)
        known = {
            'mean_velocity': (velocity, _MM),
            'mean_velocity_std': (f'{velocity}_std', _MM),
            'height': _COLUMNS['height'],
        }
    wanted = [name for name in known if name in header]
    table = read_table(file, columns=[*_PLACES, *wanted])
    problems: list[str] = []
    x, y = (numbers(file, table, name, problems) for name in _PLACES)
    columns = {
        known[name][0]: numbers(file, table, name, problems) * known[name][1] for name in wanted
    }
    raise_together(ProductError, f'{file}: columns cannot be used', problems)
    source = point_source(
        file,
        pyproj.CRS(EUROPE),
        x,
        y,
        columns,
        track=track,
        record={**_record('L2' if is_points else 'L3'), 'points': len(table)},
        pixel=pixel or (None if is_points else _L3_PIXEL),
    )
    return selected(referenced((source,), reference), layers, track, file)


def _record(level: str) -> dict[str, Any]:
    positive = 'toward' if level == 'L2' else 'up, east'
    return {'product': 'egms', 'level': level, 'positive': positive, 'unit': 'mm/yr'}


def _component_layer(path: Path, component: str | None) -> str:
    """Layer of an L3 file, named or told by its name: EGMS_L3_E40N28_100km_U_..."""
    found = component or next((part for part in path.stem.split('_') if part in ('U', 'E')), None)
    if found not in ('U', 'E'):
        raise ProductError(
            f'{path}: L3 up or east? Expected _U_ or _E_ in its name, or component: U or E'
        )
    return 'insar_velocity_up' if found == 'U' else 'insar_velocity_east'
