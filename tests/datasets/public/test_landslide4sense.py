"""Landslide4Sense: three trees, bands by name, and the real patches."""

import shutil

import h5py
import numpy as np
import pytest

from fusionls.datasets import Landslide4SenseDataset
from fusionls.datasets.public.landslide4sense import PLACES, find_landslide4sense
from fusionls.testing.layouts import write_landslide4sense

LAYERS = {modality: list(places) for modality, places in PLACES.items()}


def names(root, split):
    data = Landslide4SenseDataset(root=root, layers=LAYERS, split=split)
    return [scene.name for scene, _ in data.scenes]


def test_the_published_splits_are_the_folders(tmp_path):
    write_landslide4sense(tmp_path, {'TrainData': 11, 'ValidData': 2, 'TestData': 1})
    assert len(names(tmp_path, 'train')) == 11
    assert names(tmp_path, 'val') == ['val/image_1', 'val/image_2']
    assert names(tmp_path, 'test') == ['test/image_1']


def test_the_tree_of_hugging_face_is_read_alike(tmp_path):
    write_landslide4sense(tmp_path)
    copy = tmp_path / 'copy'
    for ours, theirs in (('Train', 'train'), ('Valid', 'validation'), ('Test', 'test')):
        shutil.copytree(tmp_path / f'{ours}Data/img', copy / 'images' / theirs)
        shutil.copytree(tmp_path / f'{ours}Data/mask', copy / 'annotations' / theirs)
    one, other = find_landslide4sense(tmp_path), find_landslide4sense(copy)
    assert other.problems == []
    assert [tile.name for tile in one.tiles] == [tile.name for tile in other.tiles]
    for tile, same in zip(one.tiles, other.tiles, strict=True):
        np.testing.assert_array_equal(tile.load_labels(), same.load_labels())


def test_tiles_without_masks_are_found_but_train_nobody(tmp_path):
    write_landslide4sense(tmp_path)
    shutil.rmtree(tmp_path / 'TestData/mask')
    finding = find_landslide4sense(tmp_path)
    assert finding.problems == []
    assert [tile.name for tile in finding.tiles if not tile.labelled] == [
        'test/image_1',
        'test/image_2',
    ]
    data = Landslide4SenseDataset(root=tmp_path, layers=LAYERS)
    assert len(data.scenes) == 6


def test_a_layer_holds_the_band_of_its_name(tmp_path):
    write_landslide4sense(tmp_path)
    tile = find_landslide4sense(tmp_path).tiles[0]
    with h5py.File(tile.image) as file:
        raw = file['img'][()]
    inputs = tile.load(['terrain', 'optical'])
    # B2, B3, B4 and B8 of the README are 1, 2, 3 and 7 from 0; B13 slope, B14 elevation
    for layer, place in (('blue', 1), ('green', 2), ('red', 3), ('nir', 7), ('swir2', 11)):
        at = tile.modalities['optical'].layers.index(f'optical_{layer}_scaled')
        np.testing.assert_array_equal(inputs['optical'][0][at], raw[..., place].astype(np.float32))
    np.testing.assert_array_equal(inputs['terrain'][0][0], raw[..., 12].astype(np.float32))
    np.testing.assert_array_equal(inputs['terrain'][0][1], raw[..., 13].astype(np.float32))


@pytest.mark.real_data
def test_the_real_patches_hold_what_was_counted(real_data):
    root = real_data / 'landslide4sense_h5'
    if not root.is_dir():
        pytest.skip('no landslide4sense_h5 among the public data sets')
    finding = find_landslide4sense(root)
    assert finding.problems == []
    found = {tile.name: int((tile.load_labels() == 1).sum()) for tile in finding.tiles}
    assert found == {'train/image_42': 686, 'train/image_168': 90, 'train/image_3645': 0}
    for tile in finding.tiles:
        (slope, elevation), valid = tile.load(['terrain'])['terrain']
        assert valid.all()
        fall = np.hypot(*np.gradient(elevation.astype(float)))
        # the slope of the file is that of its elevation: both are where they should be
        assert np.corrcoef(fall.ravel(), slope.ravel())[0, 1] > 0.7
        optical, _ = tile.load(['optical'])['optical']
        assert 0.5 < optical.mean() < 2.5  # scaled: no reflectance is like that
