from __future__ import annotations

import numpy as np
import pytest

from fusionls.layers.derivation import derive, sources_for

FOREST = {'blue': 0.03, 'green': 0.05, 'red': 0.03, 'nir': 0.30, 'swir1': 0.15}
SCAR = {'blue': 0.08, 'green': 0.11, 'red': 0.16, 'nir': 0.22, 'swir1': 0.30}


def event(shape=(2, 2)):
    """Forest before; after, a scar in the left column."""
    found = {}
    for band in FOREST:
        before = np.full(shape, FOREST[band], np.float32)
        after = before.copy()
        after[:, 0] = SCAR[band]
        found[f'optical_{band}_pre'] = before, np.ones(shape, bool)
        found[f'optical_{band}_post'] = after, np.ones(shape, bool)
    return found


def ndvi(spectrum):
    return (spectrum['nir'] - spectrum['red']) / (spectrum['nir'] + spectrum['red'])


def bsi(spectrum):
    more, less = spectrum['swir1'] + spectrum['red'], spectrum['nir'] + spectrum['blue']
    return (more - less) / (more + less)


def brightness(spectrum):
    return (spectrum['red'] + spectrum['green'] + spectrum['blue']) / 3


@pytest.mark.parametrize(
    ('name', 'function'), [('ndvi', ndvi), ('bsi', bsi), ('brightness', brightness)]
)
def test_a_change_is_post_minus_pre_through_the_derived_layers(name, function):
    layer = f'optical_{name}_change'
    values, valid = derive(event(), [layer], 10.0)[layer]
    assert values[:, 0] == pytest.approx(function(SCAR) - function(FOREST), abs=1e-6)
    assert values[:, 1].tolist() == [0, 0]
    assert valid.all()
    assert np.sign(values[0, 0]) == (-1 if name == 'ndvi' else 1)


def test_the_change_vector_is_as_long_as_its_bands_moved():
    values, _ = derive(event(), ['optical_change_magnitude'], 10.0)['optical_change_magnitude']
    moved = [SCAR[b] - FOREST[b] for b in ('blue', 'green', 'red', 'nir')]
    assert values[:, 0] == pytest.approx(np.sqrt(np.sum(np.square(moved))), rel=1e-6)
    assert values[:, 1].tolist() == [0, 0]


def test_a_change_is_invalid_where_either_image_is():
    found = event()
    found['optical_red_pre'][1][0, 0] = False
    found['optical_nir_post'][1][1, 1] = False
    for layer in ('optical_ndvi_change', 'optical_change_magnitude'):
        assert derive(found, [layer], 10.0)[layer][1].tolist() == [[False, True], [True, False]]


def test_a_change_asks_sources_for_the_bands_of_both_images():
    assert sources_for(['optical_ndvi_change'], []) == [
        'optical_nir_post',
        'optical_red_post',
        'optical_nir_pre',
        'optical_red_pre',
    ]
