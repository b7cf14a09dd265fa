"""Jitter: the distribution it states, on the layers it names, and on valid pixels only."""

import numpy as np
import pytest

from fusionls.datasets.transforms import JitterLayers
from fusionls.errors import LayerMissingError


def results(seed, valid=None):
    values = np.random.default_rng(1).normal(100, 20, (2, 16, 16)).astype(np.float32)
    valid = np.ones((16, 16), bool) if valid is None else valid
    return {
        'inputs': {'optical': (values * valid, valid)},
        'layers': {'optical': ('optical_red', 'optical_nir')},
        'rng': np.random.default_rng(seed),
    }


def jittered(seed, valid=None, **options):
    options = {'gain': 0.2, 'offset': {'optical_red': 5.0}, **options}
    return JitterLayers(**options).transform(results(seed, valid))['inputs']['optical']


def test_gain_and_offset_follow_the_distributions_stated():
    plain = results(0)['inputs']['optical'][0][0]
    gains, offsets = [], []
    for seed in range(600):
        red = jittered(seed)[0][0]
        gains.append(np.log(red.std() / plain.std()))
        offsets.append(red.mean() - plain.mean())
    assert np.mean(gains) == pytest.approx(0, abs=4 * 0.2 / 600**0.5)
    assert np.std(gains) == pytest.approx(0.2, rel=0.12)
    assert np.mean(offsets) == pytest.approx(0, abs=4 * 5 / 600**0.5)
    assert np.std(offsets) == pytest.approx(5, rel=0.12)


def test_a_layer_is_changed_by_a_straight_line():
    plain = results(0)['inputs']['optical'][0][0].ravel()
    red = jittered(3)[0][0].ravel()
    slope, intercept = np.polyfit(plain, red, 1)
    np.testing.assert_allclose(red, slope * plain + intercept, rtol=1e-4)
    assert slope > 0


def test_layers_not_named_stay_as_they_are():
    assert np.array_equal(jittered(0)[0][1], results(0)['inputs']['optical'][0][1])


def test_the_given_tile_is_left_alone():
    given = results(0)
    before = given['inputs']['optical'][0].copy()
    kept = given['inputs']['optical'][0]
    JitterLayers(gain=0.2, offset={'optical_red': 5.0}).transform(given)
    assert np.array_equal(kept, before)


def test_the_mean_is_that_of_valid_pixels_and_invalid_ones_stay_zero():
    valid = np.zeros((16, 16), bool)
    valid[:4] = True
    red = jittered(5, valid, offset={'optical_red': 0.0})[0][0]
    plain = results(5, valid)['inputs']['optical'][0][0]
    assert red[valid].mean() == pytest.approx(plain[valid].mean(), rel=1e-5)
    assert (red[~valid] == 0).all()


def test_a_tile_without_valid_pixels_stays():
    dark = np.zeros((16, 16), bool)
    assert (jittered(0, dark)[0] == 0).all()


def test_dtype_stays():
    assert jittered(0)[0].dtype == np.float32


def test_a_layer_nobody_has_is_refused_by_name():
    with pytest.raises(
        LayerMissingError, match=r"names \['optical_rad'\]; did you mean optical_red"
    ):
        jittered(0, offset={'optical_rad': 1.0})
