from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fusionls.layers.terrain.slope import horn_gradient, slope_degrees

AZIMUTHS = range(0, 360, 30)


def plane(azimuth: float, slope: float, pixel: float, base: float = 0.0, shape=(9, 11)):
    """Ground that falls toward ``azimuth`` by ``slope`` degrees."""
    rows, cols = np.indices(shape)
    toward = np.sin(np.radians(azimuth)) * cols - np.cos(np.radians(azimuth)) * rows
    return (base - np.tan(np.radians(slope)) * toward * pixel).astype(np.float32)


def everywhere(array):
    return np.ones(array.shape, bool)


def exact_slope(dem: np.ndarray, pixel: float) -> np.ndarray:
    """Horn's formula in float64, by convolution: the independent oracle."""
    from scipy import ndimage

    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / (8 * pixel)
    dx = ndimage.correlate(dem.astype(np.float64), kernel)
    dy = ndimage.correlate(dem.astype(np.float64), kernel.T)
    return np.degrees(np.arctan(np.hypot(dx, dy)))[1:-1, 1:-1]


@pytest.mark.parametrize('azimuth', AZIMUTHS)
@pytest.mark.parametrize('pixel', [0.5, 30.0])
def test_a_plane_of_30_degrees_has_slope_30_whichever_way_it_faces(azimuth, pixel):
    dem = plane(azimuth, 30, pixel)
    found, valid = slope_degrees(dem, everywhere(dem), pixel)
    assert valid[1:-1, 1:-1].all()
    assert found[1:-1, 1:-1] == pytest.approx(30, abs=2e-5)


@pytest.mark.parametrize('slope', [0, 1, 45, 80])
def test_slopes_from_flat_to_steep(slope):
    dem = plane(70, slope, 1.0)
    found, _ = slope_degrees(dem, everywhere(dem), 1.0)
    assert found[1:-1, 1:-1] == pytest.approx(slope, abs=1e-4)


@pytest.mark.parametrize(
    ('azimuth', 'east', 'north'), [(90, -1, 0), (270, 1, 0), (0, 0, -1), (180, 0, 1)]
)
def test_the_gradient_points_uphill(azimuth, east, north):
    dem = plane(azimuth, 45, 2.0)
    dz_east, dz_north, _ = horn_gradient(dem, everywhere(dem), 2.0)
    assert dz_east[4, 4] == pytest.approx(east, abs=1e-5)
    assert dz_north[4, 4] == pytest.approx(north, abs=1e-5)


def test_float32_errs_by_less_than_2e_5_degrees_on_rough_ground():
    rng = np.random.default_rng(0)
    dem = rng.normal(0, 1, (60, 60)).cumsum(axis=0).astype(np.float32)
    found, _ = slope_degrees(dem, everywhere(dem), 10.0)
    assert np.abs(found[1:-1, 1:-1] - exact_slope(dem, 10.0)).max() < 2e-5


def test_height_above_the_datum_costs_no_precision():
    rng = np.random.default_rng(0)
    dem = (8000 + rng.normal(0, 1, (60, 60)).cumsum(axis=0)).astype(np.float32)
    found, _ = slope_degrees(dem, everywhere(dem), 10.0)
    # sums of raw elevations in float32 err by 5e-3 degrees here
    assert np.abs(found[1:-1, 1:-1] - exact_slope(dem, 10.0)).max() < 2e-5


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(bool, (9, 10)), st.sampled_from([np.nan, np.inf, -3.4e38]))
def test_a_void_invalidates_exactly_its_kernel_and_the_rim(valid, garbage):
    dem = plane(40, 30, 5.0, base=900.0, shape=(9, 10))
    found, sound = slope_degrees(np.where(valid, dem, garbage), valid, 5.0)
    expected = np.zeros(valid.shape, bool)
    for row in range(1, 8):
        for col in range(1, 9):
            expected[row, col] = valid[row - 1 : row + 2, col - 1 : col + 2].all()
    assert np.array_equal(sound, expected)
    assert found[sound] == pytest.approx(30, abs=1e-3)
    assert np.all(found[~sound] == 0)


@given(hnp.arrays(np.float32, (7, 8), elements=st.floats(-500, 5000, width=16)))
def test_turning_the_ground_turns_the_gradient(dem):
    east, north, _ = horn_gradient(dem, everywhere(dem), 3.0)
    turned_east, turned_north, _ = horn_gradient(np.rot90(dem), everywhere(dem).T, 3.0)
    # a quarter turn to the left: what rose toward the east rises toward the north
    assert np.rot90(east) == pytest.approx(turned_north, rel=1e-5, abs=1e-4)
    assert np.rot90(north) == pytest.approx(-turned_east, rel=1e-5, abs=1e-4)


@pytest.mark.parametrize('shape', [(2, 9), (1, 1), (9, 2)])
def test_ground_smaller_than_the_kernel_is_all_invalid(shape):
    dem = np.zeros(shape, np.float32)
    assert not slope_degrees(dem, everywhere(dem), 1.0)[1].any()


def test_nonsense_is_refused():
    dem = np.zeros((4, 4), np.float32)
    with pytest.raises(ValueError, match='pixel must be > 0 m, got 0'):
        slope_degrees(dem, everywhere(dem), 0.0)
    with pytest.raises(ValueError, match='one 2-D shape'):
        slope_degrees(dem, everywhere(dem)[1:], 1.0)
