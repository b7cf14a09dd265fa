"""Random fields have the deviation and the lengths they state."""

import numpy as np
import pytest

from fusionls.datasets.transforms.random_fields import own_generator, rough_noise, smooth_noise


def many(field, *options, count=400, shape=(24, 20)):
    return np.stack([field(np.random.default_rng(s), shape, *options) for s in range(count)])


@pytest.mark.parametrize(('field', 'options'), [(smooth_noise, (8.0,)), (rough_noise, (9.0, 0.7))])
def test_every_pixel_has_mean_0_and_deviation_1(field, options):
    fields = many(field, *options)
    assert np.abs(fields.mean(0)).max() < 5 / 400**0.5
    # the deviation of 400 normal numbers is known to 1 / sqrt(800)
    assert np.abs(fields.std(0) - 1).max() < 5 / 800**0.5


@pytest.mark.parametrize('length', [4.0, 12.0])
def test_smooth_noise_is_alike_over_its_length_and_not_over_five_of_them(length):
    fields = many(smooth_noise, length, shape=(2, 80))

    def likeness(apart):
        return float((fields[:, 0, :-apart] * fields[:, 0, apart:]).mean())

    # autocorrelation of the cubic B-spline: (2416, 1191, 120, 1) / 5040 at 0 to 3 nodes
    assert likeness(int(length)) == pytest.approx(1191 / 2416, abs=0.05)
    assert likeness(int(2 * length)) == pytest.approx(120 / 2416, abs=0.06)
    assert abs(likeness(int(5 * length))) < 0.06


def test_rough_noise_is_rougher_than_smooth_noise_of_its_longest_length():
    steps = [
        np.diff(f, axis=-1).std() for f in (many(rough_noise, 16.0, 0.8), many(smooth_noise, 16.0))
    ]
    assert steps[0] > 4 * steps[1]


def test_generators_of_two_names_differ_and_of_one_agree():
    draws = {name: own_generator(7, name).random(4).tolist() for name in ('optical', 'insar')}
    assert draws['optical'] != draws['insar']
    assert own_generator(7, 'insar').random(4).tolist() == draws['insar']
    assert own_generator(8, 'insar').random(4).tolist() != draws['insar']
