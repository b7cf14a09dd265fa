from __future__ import annotations

import itertools
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from xml.etree import ElementTree

import geopandas
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from fusionls.errors import InputError, OutputError
from fusionls.geo.grid import Grid
from fusionls.inventory.export import write_inventory
from fusionls.inventory.landslides import inventory_frame
from fusionls.inventory.schema import FIELDS, check, fields_of

PARAMETERS = {'threshold': '0.4', 'simulated': 'true', 'checkpoint': 'best.pth'}


@pytest.fixture
def frame():
    labels = np.zeros((12, 12), np.int32)
    labels[1:4, 1:9], labels[6:11, 6:9] = 1, 2
    grid = Grid(pyproj.CRS.from_epsg(32617), 500000.0, 4e6, 10.0, 10.0, 12, 12)
    return inventory_frame(labels, np.full((12, 12), 0.7, np.float32), grid)


@pytest.fixture
def database(tmp_path, frame):
    write_inventory(frame, tmp_path / 'x.gpkg', parameters=PARAMETERS)
    with closing(sqlite3.connect(tmp_path / 'x.gpkg')) as connection:
        yield connection


def test_the_style_is_found_by_the_question_qgis_asks(database):
    rows = database.execute(
        "SELECT styleQML, description FROM layer_styles WHERE f_table_schema = '' "
        "AND f_table_catalog = '' AND f_table_name = 'landslides' "
        "AND f_geometry_column = 'geom' AND useAsDefault = 1"
    ).fetchall()
    assert len(rows) == 1
    assert 'Simulated' in rows[0][1]
    columns = [row[1] for row in database.execute('PRAGMA table_info(layer_styles)')]
    assert columns == [
        'id',
        'f_table_catalog',
        'f_table_schema',
        'f_table_name',
        'f_geometry_column',
        'styleName',
        'styleQML',
        'styleSLD',
        'useAsDefault',
        'description',
        'owner',
        'ui',
        'update_time',
    ]


def test_the_style_colours_by_a_column_that_exists_from_0_to_1_without_a_gap(database):
    (qml,) = database.execute('SELECT styleQML FROM layer_styles').fetchone()
    root = ElementTree.fromstring(qml)
    columns = {row[1] for row in database.execute('PRAGMA table_info(landslides)')}
    renderer = root.find('renderer-v2')
    assert renderer.get('attr') in columns
    ranges = renderer.findall('ranges/range')
    edges = [(float(r.get('lower')), float(r.get('upper'))) for r in ranges]
    assert edges[0][0] == 0
    assert edges[-1][1] == 1
    assert all(a[1] == b[0] for a, b in itertools.pairwise(edges))
    symbols = {s.get('name') for s in renderer.findall('symbols/symbol')}
    assert {r.get('symbol') for r in ranges} == symbols
    fills = [p.get('v') for p in renderer.iter('prop') if p.get('k') == 'color']
    assert all(0 < int(fill.split(',')[3]) < 255 for fill in fills)  # the ground shows through
    assert {alias.get('field') for alias in root.iter('alias')} == columns - {'fid', 'geom'}


def test_every_table_is_registered_and_gdal_lists_it(tmp_path, database):
    kinds = dict(database.execute('SELECT table_name, data_type FROM gpkg_contents'))
    assert kinds == {
        'landslides': 'features',
        'layer_styles': 'attributes',
        'inventory_fields': 'attributes',
        'inventory_parameters': 'attributes',
    }
    assert {name for name, _ in pyogrio.list_layers(tmp_path / 'x.gpkg')} == set(kinds)
    assert database.execute('PRAGMA integrity_check').fetchone() == ('ok',)


def test_parameters_and_the_meaning_of_every_field_travel_in_the_file(tmp_path, database):
    stated = geopandas.read_file(tmp_path / 'x.gpkg', layer='inventory_parameters')
    assert dict(zip(stated['name'], stated['value'], strict=True)) == PARAMETERS
    fields = geopandas.read_file(tmp_path / 'x.gpkg', layer='inventory_fields')
    assert list(fields['name']) == [field.name for field in FIELDS]
    assert dict(zip(fields['name'], fields['unit'], strict=True))['area_m2'] == 'm2'


def test_polygons_survive_the_round_trip_exactly(tmp_path, frame, database):
    stored = geopandas.read_file(tmp_path / 'x.gpkg', layer='landslides')
    assert stored.crs == frame.crs
    assert all(
        shapely.equals_exact(a, b) for a, b in zip(stored.geometry, frame.geometry, strict=True)
    )


def test_field_names_are_unique_and_every_one_has_a_meaning():
    fields = fields_of(['optical', 'insar'])
    assert len({field.name for field in fields}) == len(fields)
    assert all(field.meaning and field.alias for field in fields)
    assert all(re.fullmatch('[a-z][a-z0-9_]*', field.name) for field in fields)
    assert fields[-1].name == 'valid_share_insar'


def test_a_frame_that_is_no_inventory_is_told_everything_at_once(frame):
    frame = frame.drop(columns='width_m').assign(colour='red', id=[1, 1])
    frame['area_m2'] = frame['area_m2'].astype(int)
    frame['probability_max'] = [0.7, np.nan]
    with pytest.raises(InputError) as caught:
        check(frame.to_crs(4326))
    text = str(caught.value)
    for problem in (
        "'colour' is not in the schema",
        "'width_m'",
        "'area_m2' is int64, expected float64",
        "'probability_max' has 1 nulls",
        'expected a projected one',
        'names a landslide twice',
    ):
        assert problem in text


def test_a_full_disk_is_said_and_keeps_the_inventory_that_was_there(tmp_path, frame):
    frame.to_parquet(tmp_path / 'frame.parquet')
    out = tmp_path / 'x.gpkg'
    out.write_bytes(b'the inventory of yesterday')
    code = f"""
import geopandas, resource, signal
from fusionls.errors import OutputError
from fusionls.inventory.export import write_inventory
frame = geopandas.read_parquet({str(tmp_path / 'frame.parquet')!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for kilobytes in (10, 60, 100, 104, 112):
    resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, resource.RLIM_INFINITY))
    try:
        write_inventory(frame, {str(out)!r}, parameters={PARAMETERS!r})
    except OutputError as error:
        print(error)
"""
    run = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, 'OPENBLAS_NUM_THREADS': '1'},
    )
    assert run.stdout.count('could not be written') == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ['frame.parquet', 'x.gpkg']
    assert out.read_bytes() == b'the inventory of yesterday'


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path, frame):
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(OutputError, match='could not be written'):
        write_inventory(frame, tmp_path / 'file' / 'x.gpkg', parameters=PARAMETERS)
