"""Write an inventory: GeoPackage with a QGIS style, GeoParquet or GeoJSON; whole or not at all.

Flow: inventory.landslides -> [here] -> files.
The GeoPackage holds the layer ``landslides``, its style in ``layer_styles`` (the table QGIS
itself makes, so that the layer opens styled), ``inventory_fields`` (name, type, unit and meaning
of every field) and ``inventory_parameters`` (threshold, checkpoint, whether simulated, ...).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import geopandas
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from fusionls.errors import InputError
from fusionls.geo.raster_io import written_whole
from fusionls.geo.vector_io import write_polygons
from fusionls.inventory.schema import LAYER, Field, check
from fusionls.inventory.style import qml_style

SUFFIXES = ('.gpkg', '.geojson', '.parquet')

# as QGIS 3 creates it in a GeoPackage
_CREATE_STYLES = """
CREATE TABLE layer_styles (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "f_table_catalog" TEXT(256),
    "f_table_schema" TEXT(256),
    "f_table_name" TEXT(256),
    "f_geometry_column" TEXT(256),
    "styleName" TEXT(30),
    "styleQML" TEXT,
    "styleSLD" TEXT,
    "useAsDefault" BOOLEAN,
    "description" TEXT,
    "owner" TEXT(30),
    "ui" TEXT(30),
    "update_time" DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)
"""
# QGIS looks for empty, not null, catalogue and schema
_INSERT_STYLE = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
    styleName, styleQML, styleSLD, useAsDefault, description, owner)
VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '')
"""
_CREATE_FIELDS = """
CREATE TABLE inventory_fields (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE, type TEXT NOT NULL, unit TEXT NOT NULL, meaning TEXT NOT NULL
)
"""
_CREATE_PARAMETERS = """
CREATE TABLE inventory_parameters (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE, value TEXT NOT NULL
)
"""


def check_suffix(path: str | Path) -> None:
    """Refuse a name fusionls cannot write an inventory to.

    Raises:
        InputError: The suffix is none of :data:`SUFFIXES`.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise InputError(
            f'{path}: an inventory is written as {", ".join(SUFFIXES)}; got '
            f'{Path(path).suffix or "no suffix"!r}'
        )


def write_inventory(
    frame: geopandas.GeoDataFrame, path: str | Path, *, parameters: Mapping[str, str]
) -> None:
    """Write an inventory in the format its suffix names.

    Args:
        frame: With the fields of ``inventory.schema``; may have no rows.
        path: ``.gpkg``, ``.geojson`` (then in longitude and latitude) or ``.parquet``.
        parameters: How it was made, ``threshold`` among them; kept in the GeoPackage only.

    Raises:
        InputError: The frame is no inventory, or the suffix is none of ours.
        OutputError: Writing failed; nothing stands under ``path`` that was not there before.
    """
    path = Path(path)
    check_suffix(path)
    fields = check(frame)
    if path.suffix.lower() != '.gpkg':
        write_polygons(frame, path, LAYER)
        return
    with written_whole(path) as beside:
        try:
            pyogrio.write_dataframe(
                frame,
                beside,
                layer=LAYER,
                driver='GPKG',
                geometry_type='MultiPolygon',
                use_arrow=True,
                layer_options={'GEOMETRY_NAME': 'geom', 'DESCRIPTION': _description(parameters)},
            )
            with closing(sqlite3.connect(beside)) as database, database:
                _add_tables(database, fields, parameters)
        except (sqlite3.Error, DataSourceError, DataLayerError, FeatureError) as error:
            raise OSError(str(error)) from error


def _description(parameters: Mapping[str, str]) -> str:
    kind = 'Simulated landslides' if parameters.get('simulated') == 'true' else 'Landslides'
    return f'{kind} mapped by fusionls at probability {parameters.get("threshold", "unknown")}'


def _add_tables(
    database: sqlite3.Connection, fields: Sequence[Field], parameters: Mapping[str, str]
) -> None:
    for create in (_CREATE_STYLES, _CREATE_FIELDS, _CREATE_PARAMETERS):
        database.execute(create)
    (geometry,) = database.execute(
        'SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?', (LAYER,)
    ).fetchone()
    style = qml_style(fields, float(parameters.get('threshold', 0.5)))
    database.execute(
        _INSERT_STYLE, (LAYER, geometry, 'mean probability', style, _description(parameters))
    )
    database.executemany(
        'INSERT INTO inventory_fields (name, type, unit, meaning) VALUES (?, ?, ?, ?)',
        [(field.name, field.dtype, field.unit, field.meaning) for field in fields],
    )
    database.executemany(
        'INSERT INTO inventory_parameters (name, value) VALUES (?, ?)', list(parameters.items())
    )
    database.executemany(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)",
        [(table, table) for table in ('layer_styles', 'inventory_fields', 'inventory_parameters')],
    )
