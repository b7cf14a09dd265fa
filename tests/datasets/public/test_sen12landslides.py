"""Sen12Landslides: axes by name, looks before and after the event, places and published splits."""

import h5py
import numpy as np
import pytest

from fusionls.datasets import Sen12LandslidesDataset
from fusionls.datasets.public.sen12landslides import (
    S2_BANDS,
    VARIABLES,
    find_sen12landslides,
    looks_of,
)
from fusionls.testing.layouts import made_up_tile, write_sen12landslides, write_series

SIDE = 64


@pytest.fixture
def root(tmp_path):
    write_sen12landslides(tmp_path)
    return tmp_path


def raw(path, name):
    """A variable as it is stored: (time, x, y)."""
    with h5py.File(path) as file:
        return file[name][()]


def layer(tile, modality, name):
    values, valid = tile.load([modality])[modality]
    return values[tile.modalities[modality].layers.index(name)], valid


@pytest.mark.parametrize(
    ('events', 'length', 'looks', 'before', 'after'),
    [
        ([(7, 8)], 15, 4, [4, 5, 6, 7], [8, 9, 10, 11]),
        ([(1, 2)], 15, 4, [0, 1], [2, 3, 4, 5]),
        ([(12, 13)], 15, 4, [9, 10, 11, 12], [13, 14]),
        ([(9, 10), (4, 5)], 15, 2, [3, 4], [10, 11]),  # nothing from between two events
        ([], 15, 3, [4, 5, 6], [7, 8, 9]),
        ([(14, 15)], 15, 1, [14], [14]),
    ],
)
def test_looks_stand_on_either_side_of_all_events(events, length, looks, before, after):
    found = looks_of(events, length, looks)
    assert [list(range(length))[look] for look in found] == [before, after]


def test_rows_run_south_and_columns_east(root):
    tile = find_sen12landslides(root).tiles[0]
    _, mask = made_up_tile(1, (SIDE, SIDE), 0)
    np.testing.assert_array_equal(tile.load_labels(), mask)
    assert (raw(tile.series['s2'], 'MASK')[0] == mask.T).all()  # x first in the file
    elevation, _ = layer(tile, 'terrain', 'terrain_elevation')
    assert (np.diff(elevation, axis=0) < 0).all()  # falls to the south
    assert (np.diff(elevation, axis=1) == 0).all()


def test_axes_that_run_the_other_way_are_turned(root):
    tile = find_sen12landslides(root).tiles[0]
    expected = tile.load(['optical'])['optical'][0], tile.load_labels()
    with h5py.File(tile.series['s2'], 'r+') as file:
        for name in (*S2_BANDS, 'SCL', 'DEM', 'MASK'):
            file[name][...] = file[name][()][::-1, ::-1, ::-1]
        for axis in ('x', 'y', 'time'):
            file[axis][...] = file[axis][()][::-1]
    (again,) = (t for t in find_sen12landslides(root).tiles if t.name == tile.name)
    assert again.place.is_same_as(tile.place)
    np.testing.assert_array_equal(again.load(['optical'])['optical'][0], expected[0])
    np.testing.assert_array_equal(again.load_labels(), expected[1])


def test_a_look_is_the_median_of_its_clear_images(root):
    tile = find_sen12landslides(root, looks=3).tiles[0]
    red = raw(tile.series['s2'], 'B04').transpose(0, 2, 1).astype(float)
    # the event lies between images 3 and 4
    np.testing.assert_allclose(
        layer(tile, 'optical', 'optical_red_pre')[0], np.median(red[1:4], axis=0)
    )
    np.testing.assert_allclose(
        layer(tile, 'optical', 'optical_red_post')[0], np.median(red[4:7], axis=0)
    )


def test_clouds_and_undefined_classes_are_left_out_of_the_median(root):
    tile = find_sen12landslides(root, looks=4).tiles[0]
    red = raw(tile.series['s2'], 'B04').transpose(0, 2, 1).astype(float)
    # image 0 is undefined throughout, the last is cloud where x is small
    np.testing.assert_allclose(
        layer(tile, 'optical', 'optical_red_pre')[0], np.median(red[1:4], axis=0)
    )
    scl = raw(tile.series['s2'], 'SCL').transpose(0, 2, 1)
    series = np.where(np.isin(scl, (9, 255)), np.nan, red)
    found, valid = layer(tile, 'optical', 'optical_red_post')
    np.testing.assert_allclose(found, np.nanmedian(series[4:8], axis=0))
    assert valid.all()


def test_where_no_image_is_clear_nothing_is_valid(root):
    tile = find_sen12landslides(root).tiles[0]
    with h5py.File(tile.series['s2'], 'r+') as file:
        classes = file['SCL'][()]
        classes[4:, 10, 20] = 8  # x 10, y 20
        file['SCL'][...] = classes
    values, valid = tile.load(['optical'])['optical']
    assert not valid[20, 10]
    assert valid.sum() == SIDE**2 - 1
    assert (values[:, 20, 10] == 0).all()


def test_fill_values_voids_and_packed_numbers_are_understood(root):
    tile = find_sen12landslides(root).tiles[0]
    plain, _ = layer(tile, 'radar_asc', 'radar_backscatter_vv_asc_post')
    with h5py.File(tile.series['s1asc'], 'r+') as file:
        numbers = file['VV'][()]
        numbers[:, 5, 6] = -1
        file['VV'][...] = numbers
        file['VV'].attrs['_FillValue'] = np.float32(-1)
        file['VV'].attrs['scale_factor'] = 2.0
        file['VV'].attrs['add_offset'] = 1.0
    with h5py.File(tile.series['s2'], 'r+') as file:
        heights = file['DEM'][()]
        heights[:, 3, 4] = -9999
        file['DEM'][...] = heights
    packed, valid = layer(tile, 'radar_asc', 'radar_backscatter_vv_asc_post')
    assert not valid[6, 5]
    assert valid.sum() == SIDE**2 - 1
    np.testing.assert_allclose(packed[valid], 2 * plain[valid] + 1, rtol=1e-6)
    assert not tile.load(['terrain'])['terrain'][1][4, 3]


def test_layers_say_which_look_and_orbit_they_are_of(root):
    tile = find_sen12landslides(root).tiles[0]
    before, _ = layer(tile, 'radar_dsc', 'radar_backscatter_vh_dsc_pre')
    after, _ = layer(tile, 'radar_dsc', 'radar_backscatter_vh_dsc_post')
    slide = tile.load_labels() == 1
    assert after[slide].min() > before[slide].max()  # the layout brightens after the event
    assert abs(after[~slide].mean() - before[~slide].mean()) < 0.01
    assert len(VARIABLES['optical']) == 20


def test_a_place_lies_where_its_coordinates_say(root):
    tile = find_sen12landslides(root).tiles[0]
    assert tile.place.crs.to_epsg() == 32632
    assert tile.place.bounds == (700_000, 4_900_000 - 640, 700_640, 4_900_000)
    assert tile.grid.pixel == 10


def test_a_place_without_one_sensor_is_shown_without_it(root):
    tiles = {tile.name: tile for tile in find_sen12landslides(root).tiles}
    assert 'radar_dsc' not in tiles['nepal_3'].shown
    assert tiles['nepal_3'].shown == {'optical', 'radar_asc', 'terrain'}
    assert tiles['italy_0'].shown == set(VARIABLES)


def test_the_published_splits_are_taken_and_their_gaps_told(root):
    options = {'root': root, 'layers': {'terrain': ['terrain_elevation']}}
    found = {
        split: {scene.name for scene, _ in Sen12LandslidesDataset(**options, split=split).scenes}
        for split in ('train', 'val', 'test')
    }
    assert found == {'train': {'italy_0', 'nepal_1'}, 'val': {'italy_2'}, 'test': {'nepal_3'}}
    for path in root.rglob('italy_*_2.nc'):
        path.unlink()
    assert find_sen12landslides(root).doubts == [
        f'{root}: 1 of 4 places of the published splits are not there, italy_2 first'
    ]


def test_files_may_lie_deeper_and_below_data(root, tmp_path_factory):
    other = tmp_path_factory.mktemp('deep')
    write_series(other / 'data/s2/part01/italy_s2_7.nc', 's2')
    finding = find_sen12landslides(other)
    assert finding.problems == []
    assert [tile.name for tile in finding.tiles] == ['italy_7']


@pytest.mark.parametrize('event', ["[{'pre': 1, 'post': 2}, {'pre': 5, 'post': 6}]", 'None', ''])
def test_several_events_and_none_are_read(tmp_path, event):
    path = write_series(tmp_path / 's2/italy_s2_7.nc', 's2', event=event)
    (tile,) = find_sen12landslides(tmp_path, looks=1).tiles
    red = raw(path, 'B04').transpose(0, 2, 1)
    before, after = (1, 6) if event.startswith('[') else (3, 4)
    np.testing.assert_array_equal(layer(tile, 'optical', 'optical_red_pre')[0], red[before])
    np.testing.assert_array_equal(layer(tile, 'optical', 'optical_red_post')[0], red[after])
