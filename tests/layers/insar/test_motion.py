"""Motion down a slope, east and up, through the layers' names: signs, round trips, blindness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.layers.derivation import derive
from fusionls.layers.insar import los_from_enu, los_from_heading
from fusionls.layers.insar.motion import downslope_vector, sensitivity

ASCENDING, DESCENDING = los_from_heading(39.0, -12.0), los_from_heading(39.0, -168.0)


def plane(values, like=None):
    values = np.broadcast_to(
        np.asarray(values, np.float32), np.shape(values if like is None else like)
    )
    return values.astype(np.float32), np.ones(values.shape, bool)


def normal(slope, aspect):
    sine, bearing = np.sin(np.radians(slope)), np.radians(aspect)
    return {
        'terrain_normal_east': plane(sine * np.sin(bearing)),
        'terrain_normal_north': plane(sine * np.cos(bearing)),
    }


def seen(slope, aspect, speed, los):
    """What a track with a line of sight sees of a motion down a slope."""
    tilt, bearing = np.radians(slope), np.radians(aspect)
    motion = np.stack(
        np.broadcast_arrays(
            np.cos(tilt) * np.sin(bearing), np.cos(tilt) * np.cos(bearing), -np.sin(tilt)
        )
    )
    return speed * los_from_enu(motion, los.reshape(3, *[1] * (motion.ndim - 1)))


def track(name, velocity, los, deviation=None):
    found = {f'insar_velocity_los_{name}': plane(velocity)}
    for way, component in zip(('east', 'north', 'up'), los, strict=True):
        found[f'insar_los_{way}_{name}'] = plane(component, velocity)
    if deviation is not None:
        found[f'insar_velocity_std_{name}'] = plane(deviation, velocity)
    return found


GRID = np.meshgrid(np.arange(5, 61, 5.0), np.arange(0, 360, 5.0), indexing='ij')


@pytest.mark.parametrize(
    ('aspect', 'los', 'expected'),
    [
        (90, ASCENDING, -9.22),
        (270, ASCENDING, 1.45),
        (270, DESCENDING, -9.22),
        (90, DESCENDING, 1.45),
    ],
)
def test_ten_millimetres_down_a_slope_of_30_degrees_read_as_they_should(aspect, los, expected):
    assert seen(30.0, aspect, 10.0, los) == pytest.approx(expected, abs=0.005)
    slope, facing = np.full((2, 2), 30.0), np.full((2, 2), float(aspect))
    layers = normal(slope, facing) | track('x', np.zeros((2, 2)), los)
    share, valid = derive(layers, ['insar_sensitivity_x'], 10.0)['insar_sensitivity_x']
    assert valid.all()
    assert 10 * share == pytest.approx(expected, abs=0.005)


@settings(max_examples=50)
@given(
    st.floats(6, 70), st.floats(0, 360), st.floats(-1, 1), st.floats(20, 50), st.floats(-180, 180)
)
def test_down_a_slope_and_back_is_exact_in_float64(slope, aspect, speed, incidence, heading):
    los = los_from_heading(incidence, heading)
    sine, bearing = np.sin(np.radians(slope)), np.radians(aspect)
    vector, found = downslope_vector(
        np.array(sine * np.sin(bearing)), np.array(sine * np.cos(bearing))
    )
    assert found == pytest.approx(sine, abs=1e-12)
    share = float(los @ vector)
    velocity = seen(slope, aspect, speed, los)
    assert share * speed == pytest.approx(velocity, abs=1e-9)
    if abs(share) > 0.1:
        assert velocity / share == pytest.approx(speed, abs=1e-9)


def test_one_track_is_invalid_where_it_is_blind_and_right_elsewhere():
    slope, aspect = GRID
    layers = normal(slope, aspect) | track('asc', seen(slope, aspect, 0.01, ASCENDING), ASCENDING)
    found, valid = derive(layers, ['insar_velocity_downslope_asc'], 10.0)[
        'insar_velocity_downslope_asc'
    ]
    assert found[valid] == pytest.approx(0.01, rel=1e-4)
    share = seen(slope, aspect, 1.0, ASCENDING)
    assert np.array_equal(valid, np.abs(share) >= 0.3)
    assert 1 - valid.mean() == pytest.approx(0.318, abs=0.02)  # a third of all slopes
    wider = derive(layers, ['insar_velocity_downslope_c0p2_asc'], 10.0)
    assert 1 - wider['insar_velocity_downslope_c0p2_asc'][1].mean() == pytest.approx(
        0.206, abs=0.02
    )


def test_two_tracks_err_by_less_than_1_5_on_95_percent_of_slopes_and_aspects():
    slope, aspect = (np.repeat(axis, 40, axis=1) for axis in GRID)
    rng = np.random.default_rng(0)
    layers = normal(slope, aspect)
    for name, los in (('asc', ASCENDING), ('desc', DESCENDING)):
        noisy = seen(slope, aspect, 10.0, los) + rng.normal(0, 1, slope.shape)
        layers |= track(name, noisy / 1000, los)
    found, valid = derive(layers, ['insar_downslope_two_tracks'], 10.0)[
        'insar_downslope_two_tracks'
    ]
    assert valid.mean() >= 0.95 - 0.005
    error = 1000 * found[valid] - 10
    assert np.sqrt(np.mean(error**2)) <= 1.5
    assert abs(error.mean()) < 0.05
    alone = derive(layers, ['insar_velocity_downslope_asc'], 10.0)['insar_velocity_downslope_asc']
    single = 1000 * alone[0][alone[1]] - 10
    assert np.sqrt(np.mean(single**2)) > 1.8  # and this on two thirds of the ground only


def test_the_better_track_counts_more():
    slope, aspect = np.full((1, 200_0), 30.0), np.full((1, 200_0), 80.0)
    rng = np.random.default_rng(1)
    layers = normal(slope, aspect)
    for name, los, noise in (('asc', ASCENDING, 3.0), ('desc', DESCENDING, 0.3)):
        noisy = seen(slope, aspect, 10.0, los) + rng.normal(0, noise, slope.shape)
        layers |= track(name, noisy / 1000, los, noise / 1000)
    names = ['insar_downslope_two_tracks', 'insar_downslope_two_tracks_weighted']
    plain, weighted = (1000 * derive(layers, [n], 10.0)[n][0] - 10 for n in names)
    assert weighted.std() < 0.75 * plain.std()
    name = 'insar_downslope_two_tracks_std'
    told, valid = derive(layers, [name], 10.0)[name]
    assert valid.all()
    assert 1000 * told[0, 0] == pytest.approx(weighted.std(), rel=0.05)


def test_a_deviation_of_one_track_is_that_of_its_velocity_down_the_slope():
    slope, aspect = np.full((1, 4000), 30.0), np.full((1, 4000), 80.0)
    noisy = seen(slope, aspect, 0.01, ASCENDING) + np.random.default_rng(5).normal(
        0, 0.002, slope.shape
    )
    layers = normal(slope, aspect) | track('asc', noisy, ASCENDING, 0.002)
    found = derive(layers, ['insar_velocity_downslope_asc', 'insar_downslope_std_asc'], 10.0)
    told = found['insar_downslope_std_asc'][0][0, 0]
    assert told > 0
    assert found['insar_velocity_downslope_asc'][0].std() == pytest.approx(told, rel=0.05)


def test_a_track_without_a_deviation_has_no_weight():
    slope, aspect = np.full((1, 2), 30.0), np.full((1, 2), 90.0)
    layers = normal(slope, aspect)
    for name, los in (('asc', ASCENDING), ('desc', DESCENDING)):
        layers |= track(name, seen(slope, aspect, 0.01, los), los, np.array([[0.001, 0.0]]))
    for name in ('insar_downslope_two_tracks_weighted', 'insar_downslope_two_tracks_std'):
        values, valid = derive(layers, [name], 10.0)[name]
        assert valid.tolist() == [[True, False]]
        assert values[0, 1] == 0


@settings(max_examples=40)
@given(st.floats(-1, 1), st.floats(-1, 1))
def test_two_looks_recover_east_and_up_where_nothing_moves_north(east, up):
    layers = {}
    for name, los in (('asc', ASCENDING), ('desc', DESCENDING)):
        layers |= track(name, np.full((2, 3), los_from_enu([east, 0, up], los)), los)
    found = derive(layers, ['insar_velocity_east', 'insar_velocity_up'], 10.0)
    assert found['insar_velocity_east'][0] == pytest.approx(east, abs=1e-6)
    assert found['insar_velocity_up'][0] == pytest.approx(up, abs=1e-6)


def test_motion_to_the_north_leaks_into_up_and_not_into_east():
    layers = {}
    for name, los in (('asc', ASCENDING), ('desc', DESCENDING)):
        layers |= track(name, np.full((1, 1), los_from_enu([0, 10, 0], los)), los)
    found = derive(layers, ['insar_velocity_east', 'insar_velocity_up'], 10.0)
    assert found['insar_velocity_east'][0] == pytest.approx(0, abs=1e-5)
    assert found['insar_velocity_up'][0] == pytest.approx(-1.68, abs=0.01)


def test_deviations_of_east_and_up_are_those_of_many_draws():
    rng = np.random.default_rng(2)
    layers = {}
    for name, los in (('asc', ASCENDING), ('desc', DESCENDING)):
        layers |= track(name, rng.normal(0, 1, (1, 20_000)), los, 1.0)
    found = derive(
        layers,
        [
            'insar_velocity_east',
            'insar_velocity_up',
            'insar_velocity_east_std',
            'insar_velocity_up_std',
        ],
        10.0,
    )
    for way in ('east', 'up'):
        told = found[f'insar_velocity_{way}_std'][0][0, 0]
        assert found[f'insar_velocity_{way}'][0].std() == pytest.approx(told, rel=0.03)
    assert found['insar_velocity_east_std'][0][0, 0] == pytest.approx(1.15, abs=0.02)
    assert found['insar_velocity_up_std'][0][0, 0] == pytest.approx(0.91, abs=0.02)


def test_one_track_given_twice_tells_neither_east_nor_up():
    layers = {}
    for name in ('asc', 'desc'):
        layers |= track(name, np.ones((2, 2)), ASCENDING)
    assert not derive(layers, ['insar_velocity_up'], 10.0)['insar_velocity_up'][1].any()


def test_flat_ground_has_no_downslope_and_garbage_under_invalid_pixels_changes_nothing():
    slope, aspect = np.array([[3.0, 30.0, 30.0]]), np.full((1, 3), 90.0)
    layers = normal(slope, aspect) | track('asc', np.full((1, 3), 0.01), ASCENDING)
    velocity, valid = layers['insar_velocity_los_asc']
    valid = valid.copy()
    valid[0, 2] = False
    for garbage in (0.0, np.nan, np.inf, -3e38):
        velocity = velocity.copy()
        velocity[0, 2] = garbage
        layers['insar_velocity_los_asc'] = (velocity, valid)
        with np.errstate(all='ignore'):
            found, sound = derive(layers, ['insar_velocity_downslope_asc'], 10.0)[
                'insar_velocity_downslope_asc'
            ]
        assert sound.tolist() == [[False, True, False]]
        assert found[0, [0, 2]].tolist() == [0, 0]
    share, seen_ = sensitivity([plane(np.ones((1, 1)))] * 3, [plane(np.zeros((1, 1)))] * 2)
    assert share[0, 0] == 0
    assert not seen_.any()
