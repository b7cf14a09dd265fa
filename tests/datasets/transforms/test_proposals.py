"""Proposals come from all layers on the base grid, and are packed for mmdet."""

import numpy as np

from fusionls.datasets.selective_search import selective_search
from fusionls.datasets.transforms import ProposeBoxes
from fusionls.evaluation.functional.coco import box_iou


def results():
    rng = np.random.default_rng(0)
    fine = rng.normal(size=(2, 32, 32)).astype(np.float32)
    coarse = rng.normal(size=(1, 16, 16)).astype(np.float32)
    return {
        'inputs': {
            'optical': (fine, np.ones((32, 32), bool)),
            'insar': (coarse, np.ones((16, 16), bool)),
        },
        'labels': np.zeros((32, 32), np.uint8),
    }


def as_set(boxes):
    return set(map(tuple, boxes.tolist()))


def test_coarse_layers_are_repeated_to_the_base_grid():
    given = results()
    coarse = np.kron(given['inputs']['insar'][0], np.ones((1, 2, 2), np.float32))
    layers = np.concatenate([given['inputs']['optical'][0], coarse])
    expected = selective_search(layers, np.ones(layers.shape, bool))
    found = ProposeBoxes(most=1000).transform(given)['proposals']
    assert as_set(expected) <= as_set(found)
    np.testing.assert_array_equal(found[0], expected[0])


def test_boxes_of_each_modality_alone_are_there_too_and_taken_in_turns():
    given = results()
    fine = given['inputs']['optical'][0]
    alone = selective_search(fine, np.ones(fine.shape, bool))
    found = ProposeBoxes(most=1000).transform(given)['proposals']
    assert as_set(alone) <= as_set(found)
    assert len(as_set(found)) == len(found)
    assert tuple(alone[1]) in as_set(found[:4])  # the whole tile, then the second of three


def test_one_modality_is_grouped_once():
    given = results()
    del given['inputs']['insar']
    fine = given['inputs']['optical'][0]
    found = ProposeBoxes(most=1000).transform(given)['proposals']
    np.testing.assert_array_equal(found, selective_search(fine, np.ones(fine.shape, bool)))


def test_what_one_sensor_shows_is_proposed_though_fields_in_another_cut_it_up():
    noise = np.random.default_rng(1).normal(0, 0.05, (2, 64, 64)).astype(np.float32)
    fields = noise[:1] + (np.arange(64, dtype=np.float32) // 8 % 2)
    slide = noise[1:]
    slide[:, 20:44, 12:50] += 1
    seen = np.ones((64, 64), bool)
    given = {
        'inputs': {'optical': (fields, seen), 'terrain': (slide, seen)},
        'labels': np.zeros((64, 64), np.uint8),
    }
    together = selective_search(np.concatenate([fields, slide]), np.ones((2, 64, 64), bool))
    assert best_iou(together) < 0.5
    assert best_iou(ProposeBoxes().transform(given)['proposals']) > 0.8


def best_iou(boxes):
    wanted = np.array([[12.0, 20.0, 50.0, 44.0]])
    return box_iou(boxes.astype(float), wanted, np.zeros(1, bool)).max()


def test_the_smallest_groupings_go_first_when_there_are_too_many():
    every = ProposeBoxes(most=1000).transform(results())['proposals']
    few = ProposeBoxes(most=5).transform(results())['proposals']
    np.testing.assert_array_equal(few, every[:5])
    assert few[0].tolist() == [0, 0, 32, 32]
