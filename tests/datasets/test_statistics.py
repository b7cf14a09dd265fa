"""Statistics of clean data are numpy's; wild pixels hardly move them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.datasets.statistics import layer_statistics
from fusionls.errors import AllInvalidError

LAYERS = {'terrain': ['terrain_slope', 'terrain_elevation']}


def tile(values, valid=None):
    values = np.asarray(values, np.float32)
    valid = np.ones(values.shape[1:], bool) if valid is None else valid
    return {'terrain': (values, valid)}


def normal(seed, shape=(2, 40, 40), mean=(20.0, 1500.0), deviation=(5.0, 300.0)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) * np.reshape(deviation, (2, 1, 1)) + np.reshape(mean, (2, 1, 1))


@given(seed=st.integers(0, 10**6))
def test_clean_data_have_the_mean_and_deviation_of_numpy(seed):
    # within four deviations: nothing wild among them
    values = np.stack([normal(seed), normal(seed + 1)]).clip(
        [[[0.0]], [[300.0]]], [[[40.0]], [[2700.0]]]
    )
    found = layer_statistics([tile(v) for v in values], LAYERS)
    exact = values.astype(np.float32).astype(np.float64)
    for i, name in enumerate(LAYERS['terrain']):
        np.testing.assert_allclose(found[name], (exact[:, i].mean(), exact[:, i].std()), rtol=1e-9)


@pytest.mark.parametrize('wild', [-1e9, 1e9, -3e38, 99999.0])
@pytest.mark.parametrize('share', [0.01, 0.04])
def test_wild_pixels_move_them_little(wild, share):
    values = normal(1, (2, 100, 100))
    spoilt = values.copy()
    spoilt[:, np.random.default_rng(2).random((100, 100)) < share] = wild
    clean = layer_statistics([tile(values)], LAYERS, pixels_per_tile=10**6)
    found = layer_statistics([tile(spoilt)], LAYERS, pixels_per_tile=10**6)
    for name, (mean, deviation) in clean.items():
        assert abs(found[name][0] - mean) < 7 * share * deviation  # a fence stands at about five
        assert 0.95 * deviation < found[name][1] < (1 + 18 * share) * deviation


def test_invalid_pixels_do_not_count():
    values = normal(3)
    valid = np.random.default_rng(4).random((40, 40)) < 0.5
    spoilt = np.where(valid, values, np.nan)
    expected = layer_statistics([tile(values[:, valid][:, None])], LAYERS)
    assert layer_statistics([tile(spoilt, valid)], LAYERS) == expected
    assert layer_statistics([tile(spoilt, valid[None])], LAYERS) == expected


def test_a_layer_that_is_one_number_keeps_its_scale():
    found = layer_statistics([tile(np.full((2, 8, 8), 7.0))], LAYERS)
    assert found['terrain_slope'] == (7.0, 1.0)


def test_a_layer_that_is_mostly_one_number_is_not_flattened():
    values = np.zeros((2, 100, 100))
    values[:, :3] = 10.0  # 3 %, as canopy over bare ground
    mean, deviation = layer_statistics([tile(values)], LAYERS, pixels_per_tile=10**5)[
        'terrain_slope'
    ]
    assert mean == pytest.approx(0.3)
    assert deviation == pytest.approx(values[0].std())


def test_each_tile_counts_by_its_pixels_up_to_the_limit():
    tiles = [tile(np.zeros((2, 100, 100))), tile(np.ones((2, 10, 10)))]
    assert layer_statistics(tiles, LAYERS, pixels_per_tile=100)['terrain_slope'][0] == 0.5


def test_a_modality_that_is_invalid_everywhere_is_refused_by_name():
    dark = tile(np.ones((2, 4, 4)), np.zeros((4, 4), bool))
    with pytest.raises(AllInvalidError, match='terrain: no valid pixel in any training tile'):
        layer_statistics([dark, {}], LAYERS)


def test_all_modalities_without_data_are_named_at_once():
    with pytest.raises(AllInvalidError, match=r'2 problems(.|\n)*insar(.|\n)*optical'):
        layer_statistics([], {'insar': ['insar_coherence'], 'optical': ['optical_red']})
