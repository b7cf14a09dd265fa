"""Jitter and noise: the distribution stated, on the layers named, and on valid pixels only."""

import numpy as np
import pytest

from fusionls.datasets.transforms import JitterLayers, NoiseLayers
from fusionls.errors import InputError, LayerMissingError
from fusionls.quantities import Kind


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


def test_brightness_is_a_share_of_the_level_whatever_the_unit():
    def change(seed, unit):
        given = results(seed)
        values, valid = given['inputs']['optical']
        given['inputs']['optical'] = (values * np.float32(unit), valid)
        transform = JitterLayers(gain=0.0, brightness={'optical_red': 0.1})
        found = transform.transform(given)['inputs']['optical'][0][0]
        return np.log(found.mean() / (values[0].mean() * unit))

    changes = [change(seed, 1.0) for seed in range(600)]
    assert np.mean(changes) == pytest.approx(0, abs=4 * 0.1 / 600**0.5)
    assert np.std(changes) == pytest.approx(0.1, rel=0.12)
    assert change(7, 1e-4) == pytest.approx(changes[7], abs=1e-5)


def test_an_offset_of_other_units_is_refused():
    given = results(0)
    values, valid = given['inputs']['optical']
    given['inputs']['optical'] = (values / 1e4, valid)  # reflectance
    with pytest.raises(InputError, match=r'offset of 60 for optical_red.*unit of the layer'):
        JitterLayers(gain=0.1, offset={'optical_red': 60.0}).transform(given)


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


NOISY = ('optical_red', 'insar_coherence', 'terrain_aspect')
NOISY_KINDS = (Kind.CONTINUOUS, Kind.CONTINUOUS, Kind.AZIMUTH)


def flat(seed, valid=None, kinds=NOISY_KINDS):
    valid = np.ones((64, 64), bool) if valid is None else valid
    values = np.ones((3, 64, 64), np.float32) * np.array([100, 0.5, 359], np.float32)[:, None, None]
    return {
        'inputs': {'mixed': (values * valid, valid)},
        'layers': {'mixed': NOISY},
        'kinds': {'mixed': kinds},
        'rng': np.random.default_rng(seed),
    }


def noise(seed, **options):
    options = {'deviation': {'optical_red': 4.0}, **options}
    return NoiseLayers(**options).transform(flat(seed))['inputs']['mixed'][0]


@pytest.mark.parametrize('level', [0.5, 1.0, 2.0])
@pytest.mark.parametrize('length', [0.0, 3.0])
def test_noise_has_the_deviation_stated_times_its_level(level, length):
    found = np.stack([noise(seed, level=level, length=length)[0] for seed in range(8)]) - 100
    # alike over three pixels: about 8 * (64 / 3)^2 independent numbers
    assert found.std() == pytest.approx(4 * level, rel=0.1)
    assert found.mean() == pytest.approx(0, abs=0.4 * level)


def test_noise_of_two_levels_is_one_noise():
    one, two = (noise(3, level=level)[0] - 100 for level in (1.0, 2.0))
    np.testing.assert_allclose(two, 2 * one, atol=1e-4)


def test_noise_is_smooth_over_its_length():
    white, smooth = (noise(3, length=length)[0] for length in (0.0, 12.0))
    assert np.diff(smooth).std() < 0.2 * np.diff(white).std()


def test_noise_of_a_layer_does_not_depend_on_the_others_named():
    both = noise(5, deviation={'optical_red': 4.0, 'insar_coherence': 0.1})
    assert np.array_equal(both[0], noise(5)[0])
    assert np.array_equal(noise(5)[1:], flat(5)['inputs']['mixed'][0][1:])


def test_noisy_values_stay_within_what_their_layer_can_be():
    found = noise(1, deviation={'insar_coherence': 1.0, 'terrain_aspect': 5.0})
    assert found[1].min() == 0
    assert found[1].max() == 1
    assert 0 <= found[2].min() < found[2].max() < 360
    turn = np.mod(found[2] - 359 + 180, 360) - 180  # across north
    assert turn.std() == pytest.approx(5, rel=0.05)


def test_noise_leaves_invalid_pixels_and_the_given_arrays_alone():
    valid = np.zeros((64, 64), bool)
    valid[:5] = True
    given = flat(0, valid)
    kept, before = given['inputs']['mixed'][0], given['inputs']['mixed'][0].copy()
    out = NoiseLayers(deviation={'optical_red': 4.0}).transform(given)['inputs']['mixed'][0]
    assert np.array_equal(kept, before)
    assert (out[:, ~valid] == 0).all()
    assert (out[0][valid] != 100).mean() > 0.99
    assert out.dtype == np.float32


def test_a_level_is_drawn_once_for_a_tile():
    levels = [(noise(seed, level=(0.5, 2.0))[0] - 100).std() / 4 for seed in range(100)]
    assert 0.45 < min(levels) < 0.7
    assert 1.8 < max(levels) < 2.1


def test_noise_of_probability_zero_is_none():
    assert np.array_equal(noise(0, probability=0.0), flat(0)['inputs']['mixed'][0])


@pytest.mark.parametrize(
    'options',
    [{'level': -1}, {'level': (2, 1)}, {'length': -1}, {'deviation': {'optical_red': -4}}],
)
def test_noise_that_cannot_be_is_refused(options):
    with pytest.raises(InputError, match='0 or more'):
        NoiseLayers(**{'deviation': {}, **options})


def test_noise_on_what_it_cannot_be_added_to_is_refused():
    with pytest.raises(
        LayerMissingError, match=r"names \['optical_rad'\]; did you mean optical_red"
    ):
        noise(0, deviation={'optical_rad': 1.0})
    classes = flat(0, kinds=(Kind.CATEGORICAL, Kind.CONTINUOUS, Kind.AZIMUTH))
    with pytest.raises(InputError, match='optical_red is categorical'):
        NoiseLayers(deviation={'optical_red': 1.0}).transform(classes)
