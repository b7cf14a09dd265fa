"""Tiles are read where they should be, moved by whole coarse pixels, in silent context."""

import numpy as np
import pytest

from fusionls.datasets.transforms import LoadTile
from fusionls.errors import InputError
from fusionls.geo.window import Window
from fusionls.testing import ArraySceneDataset

LAYERS = {'optical': ['optical_red']}
SCENE_LAYERS = {'optical': ['optical_red'], 'insar': ['insar_coherence']}


def dataset(factor=4, **options):
    return ArraySceneDataset(
        layers=LAYERS,
        scene_layers=SCENE_LAYERS,
        factors={'insar': factor},
        tile=32,
        shape=(96, 96),
        pipeline=[LoadTile(**options)],
    )


def test_a_tile_is_the_window_of_the_scene():
    data = dataset()
    results = data[4]
    scene, _ = data.scenes[0]
    assert results['window'] == Window(32, 32, 32, 32)
    values, valid = scene.read(Window(32, 32, 32, 32))['optical']
    np.testing.assert_array_equal(results['inputs']['optical'][0], values)
    np.testing.assert_array_equal(results['inputs']['optical'][1], valid)
    np.testing.assert_array_equal(results['labels'], scene.labels[32:64, 32:64])
    assert results['pixels'] == {'optical': 10.0}


def test_moved_tiles_keep_to_the_pixels_of_the_coarsest_modality_of_the_scene():
    # the model reads optical alone; the stack would still refuse a window amid an InSAR pixel
    data = dataset(jitter=10)
    corners = set()
    for epoch in range(30):
        data.epoch = epoch
        window = data[4]['window']
        assert window.row % 4 == window.col % 4 == 0
        assert abs(window.row - 32) <= 10
        corners.add((window.row, window.col))
    assert len(corners) > 10


def test_context_is_read_around_the_tile_and_its_labels_count_only_if_asked():
    spoken = dataset(context=8)[4]
    silent = dataset(context=8, label_context=False)[4]
    assert spoken['window'] == silent['window'] == Window(24, 24, 48, 48)
    np.testing.assert_array_equal(silent['labels'][8:-8, 8:-8], spoken['labels'][8:-8, 8:-8])
    assert (spoken['labels'] != 255).all()
    assert (silent['labels'] != 255).sum() == 32 * 32


def test_over_all_tiles_with_silent_context_each_pixel_counts_once():
    data = dataset(context=16, label_context=False)
    counted = np.zeros((160, 160), int)
    for i in range(len(data)):
        results = data[i]
        window = results['window']
        there = (slice(window.row + 32, window.row + 96), slice(window.col + 32, window.col + 96))
        counted[there] += results['labels'] != 255
    assert (counted[32:-32, 32:-32] == 1).all()
    assert counted.sum() == 96 * 96


def test_context_that_cuts_coarse_pixels_is_refused():
    with pytest.raises(InputError, match=r'a context of 6 pixels cuts.*use a multiple of 4'):
        dataset(context=6)[0]
