from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.layers import derivation
from fusionls.layers.catalog import CATALOG
from fusionls.layers.derivation import derive, step_of
from fusionls.layers.optical import normalized_difference

BANDS = {
    'blue': 0.06,
    'green': 0.09,
    'red': 0.14,
    'nir': 0.22,
    'swir1': 0.30,
    'swir2': 0.24,
}


def layers(values=BANDS, qualifier='', shape=(2, 3)):
    return {
        f'optical_{band}{qualifier}': (np.full(shape, value, np.float32), np.ones(shape, bool))
        for band, value in values.items()
    }


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('ndvi', (0.22 - 0.14) / (0.22 + 0.14)),
        ('ndwi', (0.09 - 0.22) / (0.09 + 0.22)),
        ('ndmi', (0.22 - 0.30) / (0.22 + 0.30)),
        ('nbr', (0.22 - 0.24) / (0.22 + 0.24)),
        ('bsi', ((0.30 + 0.14) - (0.22 + 0.06)) / ((0.30 + 0.14) + (0.22 + 0.06))),
        ('brightness', (0.06 + 0.09 + 0.14) / 3),
    ],
)
def test_each_index_is_its_formula(name, expected):
    values, valid = derive(layers(), [f'optical_{name}'], 10.0)[f'optical_{name}']
    assert values == pytest.approx(np.full((2, 3), expected), rel=1e-6)
    assert valid.all()


def test_bare_soil_is_told_from_forest_and_water():
    forest = dict(blue=0.03, green=0.05, red=0.03, nir=0.30, swir1=0.15, swir2=0.06)
    water = dict(blue=0.06, green=0.05, red=0.03, nir=0.02, swir1=0.01, swir2=0.01)
    found = {
        name: derive(layers(spectrum), ['optical_bsi', 'optical_ndwi'], 10.0)
        for name, spectrum in (('soil', BANDS), ('forest', forest), ('water', water))
    }
    bsi = {name: planes['optical_bsi'][0][0, 0] for name, planes in found.items()}
    ndwi = {name: planes['optical_ndwi'][0][0, 0] for name, planes in found.items()}
    assert bsi['soil'] > 0 > max(bsi['forest'], bsi['water'])
    assert ndwi['water'] > 0 > max(ndwi['forest'], ndwi['soil'])


def test_where_all_bands_are_zero_there_is_no_index():
    found = layers({'nir': 0.0, 'red': 0.0})
    found['optical_nir'][0][0, 0] = -0.02
    found['optical_nir'][0][0, 1] = 0.1
    values, valid = derive(found, ['optical_ndvi'], 10.0)['optical_ndvi']
    assert valid.tolist() == [[False, True, False], [False] * 3]
    assert values.tolist() == [[0, 1, 0], [0, 0, 0]]


@given(st.lists(st.floats(-0.125, 1.625, width=32), min_size=4, max_size=4))
def test_indices_stay_in_their_range_and_change_sign_with_the_bands(numbers):
    planes = [np.full((1, 1), number, np.float32) for number in numbers]
    valid = np.ones((1, 1), bool)
    index, sound = normalized_difference(planes[:2], planes[2:], valid)
    back, _ = normalized_difference(planes[2:], planes[:2], valid)
    assert -1 <= index.item() <= 1
    assert index.item() == -back.item()
    assert sound.item() == (max(numbers) > 0)


def test_ndvi_does_not_change_with_the_scale_of_the_bands():
    bright = {band: value * 3 for band, value in BANDS.items()}
    one = derive(layers(), ['optical_ndvi'], 10.0)['optical_ndvi'][0]
    assert derive(layers(bright), ['optical_ndvi'], 10.0)['optical_ndvi'][0] == pytest.approx(one)


EVERY = [name for name, spec in CATALOG.items() if name.startswith('optical') and spec.derivation]


def noisy(hole):
    rng = np.random.default_rng(7)
    found = {}
    for when in ('', '_pre', '_post'):
        for name in BANDS:
            values = rng.uniform(0, 0.5, (150, 30)).astype(np.float32)
            valid = rng.random((150, 30)) > 0.02
            values[~valid] = hole
            found[f'optical_{name}{when}'] = values, valid
    return found


@pytest.mark.parametrize('hole', [np.nan, np.inf, 1e38, -1e38])
def test_what_stands_under_invalid_pixels_changes_no_bit(hole):
    with np.errstate(all='raise'):
        spoilt = derive(noisy(hole), EVERY, 10.0)
    for name, (values, valid) in derive(noisy(0.3), EVERY, 10.0).items():
        assert np.array_equal(values, spoilt[name][0])
        assert np.array_equal(valid, spoilt[name][1])
        assert not values[~valid].any()
        assert values.dtype == np.float32


@pytest.mark.parametrize('rows', [1, 7, 64])
def test_strips_equal_the_whole_bit_for_bit(monkeypatch, rows):
    found = noisy(0.0)
    whole = {}
    monkeypatch.setattr(derivation, 'strip_rows', lambda cols, reach: 10_000)
    whole = derive(found, EVERY, 10.0)
    monkeypatch.setattr(derivation, 'strip_rows', lambda cols, reach: rows)
    for name, (values, valid) in derive(found, EVERY, 10.0).items():
        assert np.array_equal(values, whole[name][0])
        assert np.array_equal(valid, whole[name][1])


def test_values_lie_in_the_range_the_catalogue_states():
    for name, (values, valid) in derive(noisy(0.0), EVERY, 10.0).items():
        spec = CATALOG[name]
        assert valid.any()
        assert spec.least is None or values[valid].min() >= spec.least
        assert spec.most is None or values[valid].max() <= spec.most


def test_longer_names_are_layers_of_their_own_and_not_qualified_ones():
    assert {'optical_nir_narrow', 'optical_green_i'} <= set(CATALOG)
    assert step_of('optical_ndvi_post').needs == ('optical_nir_post', 'optical_red_post')
    assert step_of('optical_ndvi_change').needs == ('optical_ndvi_post', 'optical_ndvi_pre')
