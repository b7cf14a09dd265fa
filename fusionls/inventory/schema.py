"""Every field of an inventory: name, type, unit and meaning; the one place that says so.

Flow: [here] -> inventory.attributes, inventory.export (QGIS aliases, the table
``inventory_fields``), the documentation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas
import pandas

from fusionls.errors import InputError, raise_together

LAYER = 'landslides'
"""Layer of the GeoPackage that holds the polygons."""


@dataclass(frozen=True)
class Field:
    """A field of the inventory.

    Attributes:
        name: Column name, with the unit where there is one.
        dtype: ``'int64'``, ``'float64'`` or ``'string'``.
        unit: Unit, ``'1'`` for a ratio, ``''`` where there is none.
        meaning: One sentence; also says when the field is null.
        alias: Heading shown to people.
        nullable: Whether a landslide may have no value.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    alias: str
    nullable: bool = False


FIELDS: tuple[Field, ...] = (
    Field('id', 'int64', '', 'number of the landslide in this file, from 1, north to south', 'id'),
    Field('area_m2', 'float64', 'm2', 'area in map projection, not along the slope', 'area (m²)'),
    Field(
        'perimeter_m',
        'float64',
        'm',
        'length of the outline along pixel edges, holes included; up to 1.41 times a smooth one',
        'perimeter (m)',
    ),
    Field('length_m', 'float64', 'm', 'long side of the smallest rotated rectangle', 'length (m)'),
    Field('width_m', 'float64', 'm', 'short side of that rectangle', 'width (m)'),
    Field(
        'probability_mean',
        'float64',
        '1',
        'mean landslide probability of the pixels',
        'mean probability',
    ),
    Field('probability_max', 'float64', '1', 'largest probability of a pixel', 'max probability'),
    Field(
        'slope_mean_degrees',
        'float64',
        'degree',
        'mean slope; of the terrain layers, of LiDAR where those are invalid; null without either',
        'mean slope (°)',
        nullable=True,
    ),
    Field(
        'relief_m',
        'float64',
        'm',
        'highest minus lowest elevation, from the same source; null without elevation',
        'relief (m)',
        nullable=True,
    ),
    Field(
        'aspect_degrees',
        'float64',
        'degree',
        'direction the ground faces, circular mean, clockwise from north; null where flat or '
        'without elevation',
        'aspect (° from north)',
        nullable=True,
    ),
    Field(
        'velocity_los_m_per_yr',
        'float64',
        'm/yr',
        'median line-of-sight velocity over valid pixels, positive toward the satellite; of the '
        'look that sees the fastest motion; null where no look is valid',
        'LOS velocity (m/yr)',
        nullable=True,
    ),
    Field(
        'velocity_layer',
        'string',
        '',
        'InSAR layer that velocity comes from; null where there is none',
        'velocity from',
        nullable=True,
    ),
)
VALID_SHARE = 'valid_share_'
SUPPORT = 'support_'


def valid_share_field(modality: str) -> Field:
    """The field that says how much of a landslide a modality saw."""
    return Field(
        f'{VALID_SHARE}{modality}',
        'float64',
        '1',
        f'share of the area where {modality} is valid',
        f'seen by {modality}',
    )


def support_field(modality: str) -> Field:
    """The field that says how much a modality carried the decision."""
    return Field(
        f'{SUPPORT}{modality}',
        'float64',
        '1',
        f'mean share of {modality} in the log-odds of the landslide (Shapley value): positive '
        'where it spoke for a landslide, negative against; the shares of all modalities sum to '
        'the mean log-odds',
        f'support by {modality}',
    )


def fields_of(modalities: Iterable[str], supported: Iterable[str] = ()) -> tuple[Field, ...]:
    """Every field of an inventory, in column order.

    Args:
        modalities: Those of the stack it was made with.
        supported: Those whose support was mapped.
    """
    return (
        FIELDS
        + tuple(valid_share_field(modality) for modality in modalities)
        + tuple(support_field(modality) for modality in supported)
    )


def check(frame: geopandas.GeoDataFrame) -> tuple[Field, ...]:
    """Check that a frame is an inventory.

    Returns:
        Its fields, in column order.

    Raises:
        InputError: It is not; everything that is wrong at once.
    """
    fields = fields_of(
        *(
            [str(c).removeprefix(stem) for c in frame.columns if str(c).startswith(stem)]
            for stem in (VALID_SHARE, SUPPORT)
        )
    )
    known = {field.name for field in fields} | {frame.geometry.name}
    problems = [
        f'column {name!r} is not in the schema' for name in frame.columns if name not in known
    ]
    for field in fields:
        if field.name not in frame.columns:
            problems.append(f'column {field.name!r} ({field.meaning}) is missing')
            continue
        column = frame[field.name]
        if not _fits(column, field.dtype):
            problems.append(f'column {field.name!r} is {column.dtype}, expected {field.dtype}')
        if not field.nullable and column.isna().any():
            problems.append(f'column {field.name!r} has {int(column.isna().sum())} nulls')
    if frame.crs is None or not frame.crs.is_projected:
        problems.append(f'CRS is {frame.crs and frame.crs.name}; expected a projected one')
    wrong = sorted(set(frame.geom_type) - {'MultiPolygon'})
    if wrong:
        problems.append(f'geometries are {", ".join(map(str, wrong))}; expected MultiPolygon')
    if not frame['id'].is_unique if 'id' in frame.columns else False:
        problems.append("column 'id' names a landslide twice")
    raise_together(InputError, 'the frame is no landslide inventory', problems)
    return fields


def _fits(column: pandas.Series, dtype: str) -> bool:
    if dtype == 'string':
        return bool(pandas.api.types.is_string_dtype(column.dtype))
    return str(column.dtype) == dtype
