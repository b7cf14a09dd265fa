"""Proposals come from all layers on the base grid, and are packed for mmdet."""

import numpy as np

from fusionls.datasets.selective_search import selective_search
from fusionls.datasets.transforms import ProposeBoxes


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


def test_coarse_layers_are_repeated_to_the_base_grid():
    given = results()
    coarse = np.kron(given['inputs']['insar'][0], np.ones((1, 2, 2), np.float32))
    layers = np.concatenate([given['inputs']['optical'][0], coarse])
    expected = selective_search(layers, np.ones(layers.shape, bool))
    found = ProposeBoxes(most=1000).transform(given)['proposals']
    np.testing.assert_array_equal(found, expected)


def test_the_smallest_groupings_go_first_when_there_are_too_many():
    every = ProposeBoxes(most=1000).transform(results())['proposals']
    few = ProposeBoxes(most=5).transform(results())['proposals']
    np.testing.assert_array_equal(few, every[:5])
    assert few[0].tolist() == [0, 0, 32, 32]
