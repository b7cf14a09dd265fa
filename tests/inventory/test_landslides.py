from __future__ import annotations

import subprocess
import sys
import warnings

import geopandas
import numpy as np
import pyproj
import pytest
import rasterio

from fusionls.errors import (
    BandCountError,
    CrsMissingError,
    FileMissingError,
    GridMismatchError,
    InputError,
    NotARasterError,
)
from fusionls.geo.grid import Grid
from fusionls.geo.raster_io import new_geotiff, write_geotiff
from fusionls.geo.vector_io import read_polygons
from fusionls.inventory import make_inventory
from fusionls.inventory.schema import fields_of
from fusionls.stack.store import ModalityArrays, write_stack

UTM = pyproj.CRS.from_epsg(32617)


def grid(rows=20, cols=30, pixel=10.0, crs=UTM):
    return Grid(crs, 500000.0, 4000000.0, pixel, pixel, rows, cols)


@pytest.fixture
def probability():
    values = np.full((20, 30), 0.1, np.float32)
    values[2:6, 3:13] = 0.9  # 40 pixels
    values[10:18, 20:22] = 0.6  # 16 pixels
    values[15, 5] = 1.0  # a speck
    values[0, :] = np.nan
    return values


def written(path, values, grid_=None, **tags):
    with new_geotiff(
        path, grid_ or grid(*values.shape), ['landslide_probability'], tags=tags
    ) as tiff:
        tiff.write(values, (grid_ or grid(*values.shape)).window, 1)
    return path


@pytest.mark.parametrize('suffix', ['.gpkg', '.geojson', '.parquet'])
def test_rectangles_come_back_with_their_known_numbers(tmp_path, probability, suffix):
    out = tmp_path / f'slides{suffix}'
    frame = make_inventory(written(tmp_path / 'p.tif', probability), out)
    stored = read_polygons(out, layer='landslides' if suffix == '.gpkg' else None)
    for found in (frame, stored):
        assert list(found['id']) == [1, 2]
        np.testing.assert_allclose(found['area_m2'], [4000, 1600])
        np.testing.assert_allclose(found['perimeter_m'], [280, 200])
        np.testing.assert_allclose(found['length_m'], [100, 80])
        np.testing.assert_allclose(found['width_m'], [40, 20])
        np.testing.assert_allclose(found['probability_mean'], [0.9, 0.6], rtol=1e-6)
        assert found['slope_mean_degrees'].isna().all()
        assert found['velocity_layer'].isna().all()
        assert set(found.columns) - {'geometry'} == {field.name for field in fields_of([])}
    assert frame.total_bounds == pytest.approx([500030, 3999820, 500220, 3999980])
    assert stored.to_crs(UTM).total_bounds == pytest.approx(frame.total_bounds, abs=0.01)


@pytest.mark.parametrize('suffix', ['.gpkg', '.geojson', '.parquet'])
def test_an_empty_inventory_is_a_file_with_every_field_and_no_row(tmp_path, probability, suffix):
    out = tmp_path / f'slides{suffix}'
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        frame = make_inventory(
            written(tmp_path / 'p.tif', np.where(probability > 0, probability * 0.1, np.nan)), out
        )
    assert len(frame) == 0
    assert [str(frame[f.name].dtype) for f in fields_of([])] == [f.dtype for f in fields_of([])]
    layer = 'landslides' if suffix == '.gpkg' else None
    stored = (
        geopandas.read_parquet(out)
        if suffix == '.parquet'
        else geopandas.read_file(out, layer=layer)
    )
    assert len(stored) == 0
    if suffix != '.geojson':  # which has nowhere to keep columns without rows
        assert set(stored.columns) - {'geometry'} == {field.name for field in fields_of([])}
        assert stored.crs == UTM


def test_feet_become_metres(tmp_path):
    feet = pyproj.CRS.from_epsg(2274)  # Tennessee, US survey feet
    values = np.zeros((10, 10), np.float32)
    values[2:4, 2:6] = 1
    frame = make_inventory(
        written(tmp_path / 'p.tif', values, grid(10, 10, 10.0, feet)), tmp_path / 'x.gpkg'
    )
    foot = 1200 / 3937
    assert frame['area_m2'][0] == pytest.approx(800 * foot**2)
    assert frame['length_m'][0] == pytest.approx(40 * foot)


def test_the_smallest_landslide_is_counted_in_square_metres(tmp_path, probability):
    path = written(tmp_path / 'p.tif', probability)
    count = {
        area: len(make_inventory(path, tmp_path / 'x.gpkg', min_area_m2=area))
        for area in (0, 100, 101, 1600, 1601, 4001)
    }
    assert count == {0: 3, 100: 3, 101: 2, 1600: 2, 1601: 1, 4001: 0}


def test_with_a_stack_ground_motion_and_shares_are_known(tmp_path, probability):
    rows, cols = probability.shape
    row, _ = np.mgrid[:rows, :cols]
    moving = np.full((rows // 2, cols // 2), -0.03, np.float32)
    seen = np.zeros(moving.shape, bool)
    seen[:5] = True
    stack = write_stack(
        tmp_path / 'stack',
        grid(),
        {
            'terrain': ModalityArrays(
                5.0 * row[None], np.ones((rows, cols), bool), ['terrain_elevation']
            ),
            'insar': ModalityArrays(moving[None], seen, ['insar_velocity_los'], 2),
        },
    )
    path = written(tmp_path / 'p.tif', probability)
    frame = make_inventory(path, tmp_path / 'x.gpkg', stack=stack)
    slope = np.degrees(np.arctan(0.5))  # 5 m of rise per 10 m southward, so it faces north
    np.testing.assert_allclose(frame['slope_mean_degrees'], [slope, slope], rtol=1e-4)
    np.testing.assert_allclose(frame['relief_m'], [15, 35], rtol=1e-5)
    assert all(min(a, 360 - a) < 1e-3 for a in frame['aspect_degrees'])
    np.testing.assert_allclose(frame['velocity_los_m_per_yr'], [-0.03, np.nan], rtol=1e-6)
    np.testing.assert_allclose(frame['valid_share_insar'], [1, 0])
    np.testing.assert_allclose(frame['valid_share_terrain'], [1, 1])


def test_a_stack_on_another_grid_is_refused_with_both_grids(tmp_path, probability):
    stack = write_stack(
        tmp_path / 'stack',
        grid(pixel=5.0),
        {
            'optical': ModalityArrays(
                np.ones((1, 20, 30)), np.ones((20, 30), bool), ['optical_grey']
            )
        },
    )
    with pytest.raises(GridMismatchError, match=r'lies on .* the stack'):
        make_inventory(written(tmp_path / 'p.tif', probability), tmp_path / 'x.gpkg', stack=stack)


def test_bad_input_is_named_and_leaves_no_file(tmp_path, probability):
    out = tmp_path / 'x.gpkg'
    with pytest.raises(FileMissingError, match=r'p\.tif: no such file'):
        make_inventory(tmp_path / 'p.tif', out)
    (tmp_path / 'text.tif').write_text('no raster')
    with pytest.raises(NotARasterError, match=r'text\.tif'):
        make_inventory(tmp_path / 'text.tif', out)
    write_geotiff(tmp_path / 'two.tif', grid(), ['a', 'b'], np.stack([probability] * 2))
    with pytest.raises(BandCountError, match='has 2 bands; expected one'):
        make_inventory(tmp_path / 'two.tif', out)
    with pytest.raises(InputError, match='values from 0 to 100; expected a probability'):
        make_inventory(written(tmp_path / 'percent.tif', probability * 0 + 100), out)
    degrees = grid(20, 30, 0.001, pyproj.CRS.from_epsg(4326))
    lonlat = Grid(degrees.crs, -84.0, 36.0, 0.001, 0.001, 20, 30)
    with pytest.raises(GridMismatchError, match='degrees'):
        make_inventory(written(tmp_path / 'lonlat.tif', probability, lonlat), out)
    with rasterio.open(
        tmp_path / 'nowhere.tif',
        'w',
        'GTiff',
        30,
        20,
        1,
        dtype='float32',
        transform=grid().transform,
    ) as dataset:
        dataset.write(probability, 1)
    with pytest.raises(CrsMissingError, match='has no CRS'):
        make_inventory(tmp_path / 'nowhere.tif', out)
    good = written(tmp_path / 'good.tif', probability)
    with pytest.raises(InputError, match=r"got '\.shp'"):
        make_inventory(good, tmp_path / 'x.shp')
    with pytest.raises(InputError, match='below 0'):
        make_inventory(good, out, min_area_m2=-1)
    assert not out.exists()


def test_the_inventory_room_imports_neither_torch_nor_mm():
    code = (
        'import sys, fusionls.inventory, fusionls.inference;'
        "sys.exit(any(m.split('.')[0] in {'torch', 'mmcv', 'mmengine'} for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
