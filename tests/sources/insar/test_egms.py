from __future__ import annotations

import zipfile

import numpy as np
import pandas
import pytest

from fusionls.errors import FileMissingError, InputError, ProductError
from fusionls.sources.insar.egms import open_egms
from fusionls.sources.source import North

EAST, NORTH = 4_600_000.0, 2_100_000.0


@pytest.fixture
def l2(truth):
    """An L2b table: points on a raster of 20 m, mm and mm/yr, toward positive."""
    rows, cols = np.indices(truth.shape)
    keep = truth.valid.ravel()
    count = int(keep.sum())
    table = {
        'pid': [f'10A{i:06d}' for i in range(count)],
        'mp_type': 0,
        'latitude': 42.0,
        'longitude': 12.0,
        'easting': (EAST + 10 + 20 * cols).ravel()[keep],
        'northing': (NORTH - 10 - 20 * rows).ravel()[keep],
        'height': 120.5,
        'height_wgs84': 168.0,
        'line': 1,
        'pixel': 1,
        'rmse': 1.2,
        'temporal_coherence': 0.83,
        'amplitude_dispersion': 0.2,
        'incidence_angle': truth.incidence,
        'track_angle': 348.0,
        'los_east': truth.los[0],
        'los_north': truth.los[1],
        'los_up': truth.los[2],
        'mean_velocity': 1000 * truth.velocity.ravel()[keep],
        'mean_velocity_std': 0.4,
        'acceleration': 1.5,
        'acceleration_std': 0.2,
        'seasonality': 2.0,
        'seasonality_std': 0.1,
        '20190103': 0.0,
        '20190109': 0.3,
    }
    return pandas.DataFrame(table, index=range(count))


@pytest.fixture
def l3(l2):
    """An L3 table: no line of sight, middles of cells of 100 m."""
    kept = ['pid', 'height', 'rmse', 'mean_velocity', 'mean_velocity_std', '20190103', '20190109']
    table = l2[kept].copy()
    table['easting'] = EAST + 50 + 5 * (l2['easting'] - EAST - 10)
    table['northing'] = NORTH - 50 + 5 * (l2['northing'] - NORTH + 10)
    return table


def written(table, path):
    table.to_csv(path, index=False)
    return path


def test_l2_points_are_millimetres_toward_with_their_line_of_sight(
    l2, tmp_path, layers_of, check_los, truth
):
    (source,) = open_egms(written(l2, tmp_path / 'EGMS_L2b_088.csv'), track='asc', pixel=20)
    found = layers_of([source])
    velocity, valid = found['insar_velocity_los_asc']
    assert np.sort(velocity[valid]) == pytest.approx(np.sort(truth.velocity[truth.valid]), abs=1e-6)
    check_los(found, '_asc')
    for layer, expected in (
        ('velocity_std', 0.0004),
        ('acceleration', 0.0015),
        ('coherence', 0.83),
        ('elevation', 120.5),
        ('point_count', 1),
    ):
        values, there = found[f'insar_{layer}_asc']
        assert values[there] == pytest.approx(expected)
        assert there.sum() == len(l2)
    assert source.record == {
        'product': 'egms',
        'level': 'L2',
        'positive': 'toward',
        'unit': 'mm/yr',
        'points': len(l2),
    }
    assert source.grid.crs.to_epsg() == 3035
    assert source.north is North.TRUE


def test_points_lie_where_the_table_says(l2, tmp_path, utm_grid, truth):
    (source,) = open_egms(written(l2, tmp_path / 'EGMS_L2a.csv'))
    grid = type(source.grid)(source.crs, EAST, NORTH, 20.0, 20.0, *truth.shape)
    gridded = source.on(grid)
    assert gridded.grid.is_same_as(grid, tolerance=1e-9)
    values, valid = gridded.read()
    assert np.array_equal(valid[0], truth.valid)
    assert values[0][truth.valid] == pytest.approx(truth.velocity[truth.valid], abs=1e-6)


@pytest.mark.parametrize(('letter', 'layer'), [('U', 'up'), ('E', 'east')])
def test_l3_is_up_or_east_on_cells_of_100_metres(l3, tmp_path, letter, layer, layers_of, truth):
    path = written(l3, tmp_path / f'EGMS_L3_E46N21_100km_{letter}_2018_2022_1.csv')
    (source,) = open_egms(path)
    found = layers_of([source])
    velocity, valid = found[f'insar_velocity_{layer}']
    assert source.grid.pixel == 100
    assert np.sort(velocity[valid]) == pytest.approx(np.sort(truth.velocity[truth.valid]), abs=1e-6)
    assert found[f'insar_velocity_{layer}_std'][0].max() == np.float32(0.0004)
    # a cell's middle is given: it falls into the cell, and each cell holds one
    assert found['insar_point_count'][0].max() == 1
    assert source.record['positive'] == 'up, east'


def test_a_zip_is_read_as_it_was_delivered(l2, tmp_path):
    path = written(l2, tmp_path / 'EGMS_L2b_088.csv')
    with zipfile.ZipFile(tmp_path / 'EGMS_L2b_088.zip', 'w') as archive:
        archive.write(path, path.name)
    plain, zipped = open_egms(path)[0], open_egms(path.with_suffix('.zip'))[0]
    assert np.array_equal(plain.read()[0], zipped.read()[0])


def test_l3_geotiff_is_millimetres_and_its_components_are_true(write_raster, layers_of):
    values = np.array([[5.0, np.nan], [-2.0, 0.0]], np.float32)
    path = write_raster('EGMS_L3_E46N21_100km_E_2018_2022_1.tiff', values, crs='EPSG:3035')
    (source,) = open_egms(path)
    velocity, valid = layers_of([source])['insar_velocity_east']
    assert valid.tolist() == [[True, False], [True, True]]
    assert velocity[valid] == pytest.approx([0.005, -0.002, 0.0])
    assert source.north is North.TRUE
    assert source.record['positive'] == 'up, east'


def test_l3_needs_a_component_in_its_name_or_as_an_option(l3, tmp_path):
    path = written(l3, tmp_path / 'mine.csv')
    with pytest.raises(ProductError, match='L3 up or east'):
        open_egms(path)
    assert 'insar_velocity_up' in open_egms(path, component='U')[0].layers


def test_missing_columns_are_all_named_beside_those_found(l2, tmp_path):
    path = written(l2.drop(columns=['northing', 'los_up', 'mean_velocity']), tmp_path / 'a.csv')
    with pytest.raises(
        ProductError, match=r'has no northing, mean_velocity, los_up; found pid, mp_type'
    ):
        open_egms(path)
    other = written(pandas.DataFrame({'x': [1], 'y': [2]}), tmp_path / 'b.csv')
    with pytest.raises(ProductError, match='has no easting, northing, mean_velocity; found x, y'):
        open_egms(other)


def test_cells_that_are_no_numbers_are_named_by_column_and_row(l2, tmp_path):
    l2 = l2.astype(object)
    l2.loc[3, 'mean_velocity'] = 'n/d'
    l2.loc[5, 'easting'] = '?'
    with pytest.raises(ProductError, match=r'\(2 problems\)') as caught:
        open_egms(written(l2, tmp_path / 'a.csv'))
    assert "mean_velocity: 1 entries are no numbers, the first 'n/d' in row 5" in str(caught.value)
    assert "easting: 1 entries are no numbers, the first '?' in row 7" in str(caught.value)


def test_an_empty_velocity_is_no_measurement_and_an_empty_place_is_refused(l2, tmp_path, truth):
    l2.loc[0, 'mean_velocity'] = np.nan
    (source,) = open_egms(written(l2, tmp_path / 'a.csv'), pixel=20)
    assert source.read()[1][0].sum() == truth.valid.sum() - 1
    l2.loc[0, 'easting'] = np.nan
    with pytest.raises(ProductError, match='1 points have no place'):
        open_egms(written(l2, tmp_path / 'a.csv'))
    with pytest.raises(ProductError, match='holds no point'):
        open_egms(written(l2[:0], tmp_path / 'a.csv'))


@pytest.mark.parametrize(
    'content', [b'', b'\x00\xff\xfe' * 50, b'PK\x03\x04 no archive', b'"easting', b'\xff' * 9]
)
@pytest.mark.parametrize('name', ['garbage.csv', 'garbage.zip'])
def test_garbage_is_refused(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ProductError, match=f'{name}'):
        open_egms(tmp_path / name)


def test_options_are_checked(l2, tmp_path):
    with pytest.raises(FileMissingError):
        open_egms(tmp_path / 'nowhere.csv')
    with pytest.raises(InputError, match='pixel is -5, expected metres > 0'):
        open_egms(written(l2, tmp_path / 'a.csv'), pixel=-5)
