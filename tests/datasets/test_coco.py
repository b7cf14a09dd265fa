"""COCO out and in again: the same labels, the same objects, and pycocotools reads it."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as runs
from pycocotools.coco import COCO
from skimage.draw import polygon2mask

from fusionls.datasets import BijieDataset, CocoFolderDataset, GeoTiffFolderDataset
from fusionls.datasets.coco import (
    coco_document,
    drawn,
    labels_of,
    objects_of,
    run_lengths,
    write_coco,
)
from fusionls.datasets.transforms import LoadTile, PackInstanceTile
from fusionls.errors import InputError, LabelError
from fusionls.geo.window import Window
from fusionls.testing import ArraySceneDataset
from fusionls.testing.layouts import write_bijie, write_geotiff_folder

LAYERS = {'optical': ['optical_red', 'optical_green', 'optical_blue']}
BANDS = {'optical': {'optical_red': 1, 'optical_green': 2, 'optical_blue': 3}}


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """A data set, and the folder it was written to."""
    root = tmp_path_factory.mktemp('coco')
    write_bijie(root / 'bijie')
    data = BijieDataset(root=root / 'bijie', layers=LAYERS, tile=48)
    write_coco(data, root / 'out')
    return data, root / 'out'


def test_labels_and_values_come_back_as_they_went_out(exported):
    data, out = exported
    again = CocoFolderDataset(root=out, bands=BANDS, layers=LAYERS)
    assert len(again) == len(data)
    for number in range(len(data)):
        sent, got = (
            d.read_tile(info['scene'], info['window'])
            for d, info in (
                (data, data.get_data_info(number)),
                (again, again.get_data_info(number)),
            )
        )
        np.testing.assert_array_equal(got[1], sent[1])
        for part in (0, 1):
            np.testing.assert_array_equal(got[0]['optical'][part], sent[0]['optical'][part])


def test_pycocotools_reads_it_and_finds_the_same_areas(exported):
    data, out = exported
    coco = COCO(str(out / 'annotations.json'))
    assert len(coco.imgs) == len(data)
    for number in coco.imgs:
        info = data.get_data_info(number)
        labels = data.read_tile(info['scene'], info['window'])[1]
        masks = {0: np.zeros(labels.shape, bool), 1: np.zeros(labels.shape, bool)}
        for entry in coco.loadAnns(coco.getAnnIds(number)):
            mask = coco.annToMask(entry).astype(bool)
            assert mask.sum() == entry['area']
            col, row, wide, high = entry['bbox']
            rows, cols = np.nonzero(mask)
            assert (cols.min(), rows.min()) == (col, row)
            assert (cols.max() + 1, rows.max() + 1) == (col + wide, row + high)
            masks[entry['iscrowd']] |= mask
        np.testing.assert_array_equal(masks[0], labels == 1)
        np.testing.assert_array_equal(masks[1], labels == 255)


def test_single_landslides_stay_single(tmp_path):
    write_geotiff_folder(tmp_path / 'in', count=1)
    data = GeoTiffFolderDataset(root=tmp_path / 'in', bands=BANDS, layers=LAYERS, tile=96)
    document = coco_document(data, [f'{i}.tif' for i in range(len(data))])
    shown = [
        data.read_instances(0, data.get_data_info(number)['window'])[0].shape[0]
        for number in range(len(data))
    ]
    found = [
        sum(e['image_id'] == i and not e['iscrowd'] for e in document['annotations'])
        for i in range(len(data))
    ]
    assert found == shown
    assert sum(found) >= 1


@pytest.mark.parametrize('least', [1, 600])
def test_boxes_and_masks_are_those_that_detectors_are_trained_on(tmp_path, least):
    write_geotiff_folder(tmp_path / 'in', count=2)
    data = GeoTiffFolderDataset(
        root=tmp_path / 'in',
        bands=BANDS,
        layers=LAYERS,
        tile=64,  # some polygons are cut
        pipeline=[LoadTile(instances=True), PackInstanceTile(least_pixels=least)],
    )
    document = coco_document(data, [f'{i}.tif' for i in range(len(data))], least_pixels=least)
    left_out = 0
    for number in range(len(data)):
        sample = data[number]['data_samples']
        truth = sample.gt_instances
        entries = [
            e for e in document['annotations'] if e['image_id'] == number and not e['iscrowd']
        ]
        corners = [(x, y, x + w, y + h) for x, y, w, h in (e['bbox'] for e in entries)]
        np.testing.assert_array_equal(np.reshape(corners, (-1, 4)), truth.bboxes.numpy())
        for entry, mask in zip(entries, truth.masks.masks, strict=True):
            np.testing.assert_array_equal(drawn(entry['segmentation'], mask.shape), mask == 1)
        small = sample.ignored_instances.masks.masks
        crowds = [e for e in document['annotations'] if e['image_id'] == number and e['iscrowd']]
        silent = [drawn(entry['segmentation'], small.shape[1:]) for entry in crowds]
        assert (np.any(silent, axis=0) >= small.any(0)).all()
        left_out += len(small)
    assert document['annotations']
    assert (left_out > 0) == (least > 1)


def test_what_nobody_sees_is_a_crowd_region():
    data = ArraySceneDataset(layers={'optical': ['optical_red']}, tile=64)
    document = coco_document(data, [f'{number}.tif' for number in range(len(data))])
    for number in range(len(data)):
        info = data.get_data_info(number)
        inputs, labels = data.read_tile(info['scene'], info['window'])
        entries = [e for e in document['annotations'] if e['image_id'] == number]
        again = labels_of(entries, labels.shape)
        expected = np.where(inputs['optical'][1], labels, 255)
        np.testing.assert_array_equal(again, expected)


def test_modalities_of_several_pixel_sizes_cannot_be_one_picture(tmp_path):
    layers = {'optical': ['optical_red'], 'insar': ['insar_coherence']}
    data = ArraySceneDataset(layers=layers, factors={'insar': 4}, tile=64)
    with pytest.raises(InputError, match='pixels of insar are larger'):
        write_coco(data, tmp_path / 'out')
    assert not (tmp_path / 'out' / 'annotations.json').exists()


def test_a_folder_that_holds_annotations_is_not_written_over(exported):
    data, out = exported
    before = (out / 'annotations.json').read_bytes()
    with pytest.raises(InputError, match='is there already'):
        write_coco(data, out)
    assert (out / 'annotations.json').read_bytes() == before


def test_polygons_are_drawn_as_an_independent_drawing_has_them():
    corners = np.array([[12.3, 5.1], [40.7, 9.9], [33.2, 38.4], [8.8, 30.0]])  # x, y
    ours = drawn([corners.ravel().tolist()], (48, 56))
    theirs = polygon2mask((48, 56), corners[:, ::-1] - 0.5)
    assert (ours != theirs).sum() < 0.1 * 2 * (48 + 56)  # single pixels on the outline
    assert abs(int(ours.sum()) - int(theirs.sum())) < 0.03 * theirs.sum()


def test_landslides_win_over_crowd_regions_and_objects_leave_crowds_out():
    whole = {'size': [4, 6], 'counts': [0, 24]}
    part = {'size': [4, 6], 'counts': [4, 4, 16]}  # the second column
    entries = [
        {'segmentation': part, 'iscrowd': 0},
        {'segmentation': whole, 'iscrowd': 1},
    ]
    labels = labels_of(entries, (4, 6))
    assert (labels[:, 1] == 1).all()
    assert (np.delete(labels, 1, axis=1) == 255).all()
    masks, ignored = objects_of(entries, (4, 6))
    assert masks.shape == (1, 4, 6)
    assert not ignored.any()
    assert objects_of([], (4, 6))[0].shape == (0, 4, 6)


@pytest.mark.parametrize(
    'segmentation',
    [
        [[1, 2]],
        [[1, 1, 3, 3]],
        [[0, 0, 1, 0, float('nan'), 1]],
        {'counts': [1, 2]},
        {'size': [2, 2], 'counts': 'x'},
        {'size': [4, 6], 'counts': [5, 6]},
        {'size': [4, 6], 'counts': [-5, 29]},
        {'size': [4, 6], 'counts': '\x00\x7f'},
        {'size': [4, 6], 'counts': '53'},
        {'size': [4, 6], 'counts': 'P'},
        7,
        ['a'],
    ],
)
def test_what_cannot_be_drawn_is_refused(segmentation):
    with pytest.raises(LabelError):
        drawn(segmentation, (4, 6))


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 99))
def test_text_runs_are_those_that_pycocotools_writes(rows, cols, share, seed):
    mask = np.random.default_rng(seed).random((rows, cols)) < share
    coded = runs.encode(np.asfortranarray(mask, np.uint8))
    lengths = run_lengths(coded['counts'].decode())
    values = np.repeat(np.arange(len(lengths)) % 2, lengths).reshape(cols, rows).T
    np.testing.assert_array_equal(values, mask)
    text = {'size': [rows, cols], 'counts': coded['counts'].decode()}
    np.testing.assert_array_equal(drawn(text, (rows, cols)), mask)


def test_the_document_holds_what_coco_asks_for(exported):
    _, out = exported
    document = json.loads((out / 'annotations.json').read_text())
    assert document['categories'][0]['name'] == 'landslide'
    ids = [entry['id'] for entry in document['annotations']]
    assert len(set(ids)) == len(ids)
    assert min(ids) == 1  # pycocotools takes 0 for a landslide that nothing matches
    assert {image['id'] for image in document['images']} >= {
        entry['image_id'] for entry in document['annotations']
    }
    assert all((out / 'images' / image['file_name']).is_file() for image in document['images'])


def test_a_window_of_the_exported_picture_lies_where_the_tile_lay(tmp_path):
    write_geotiff_folder(tmp_path / 'in', count=1)
    data = GeoTiffFolderDataset(root=tmp_path / 'in', bands=BANDS, layers=LAYERS, tile=96)
    write_coco(data, tmp_path / 'out')
    from fusionls.geo.raster_io import read_grid

    grid = read_grid(tmp_path / 'out/images/site0_96_0.tif')
    assert grid.is_same_as(data.scenes[0][0].grid.part(Window(96, 0, 96, 96)))
