"""Closed forms of curvature, position, ruggedness and horizons on ground that a formula makes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from fusionls.layers.derivation import derive

PIXEL = 2.0


def surface(form, size=41):
    """Heights of form(east, north), metres from the middle."""
    rows, cols = np.mgrid[:size, :size]
    half = size // 2
    return form((cols - half) * PIXEL, (half - rows) * PIXEL).astype(np.float32)


def at(dem, name, row=20, col=20):
    valid = np.ones(dem.shape, bool)
    values, sound = derive({'terrain_elevation': (dem, valid)}, [name], PIXEL)[name]
    assert sound[row, col]
    return float(values[row, col])


def test_a_trough_bends_along_its_slope_and_not_along_its_contour():
    dem = surface(lambda e, n: 0.005 * e**2)  # second derivative 0.01 per metre, a valley
    assert at(dem, 'terrain_curvature_profile', col=30) == pytest.approx(-0.01, rel=1e-4)
    assert at(dem, 'terrain_curvature_plan', col=30) == pytest.approx(0, abs=1e-6)
    assert at(dem, 'terrain_curvature_mean', col=30) == pytest.approx(-0.005, rel=1e-4)


def test_a_tilted_ridge_bends_across_and_not_along():
    dem = surface(lambda e, n: -0.005 * e**2 + 0.4 * n)
    assert at(dem, 'terrain_curvature_plan') == pytest.approx(0.01, rel=1e-3)
    assert at(dem, 'terrain_curvature_profile') == pytest.approx(0, abs=1e-6)


def test_a_dome_bends_alike_in_every_direction_its_top_included():
    dem = surface(lambda e, n: -0.005 * (e**2 + n**2))
    for place in ((20, 20), (12, 29)):
        for kind in ('profile', 'plan', 'mean'):
            assert at(dem, f'terrain_curvature_{kind}', *place) == pytest.approx(0.01, rel=2e-3)


def test_a_saddle_has_no_mean_curvature():
    dem = surface(lambda e, n: 0.003 * e * n)
    assert at(dem, 'terrain_curvature_mean', 13, 30) == pytest.approx(0, abs=1e-6)
    turned = surface(lambda e, n: 0.0015 * (e**2 - n**2))
    assert at(turned, 'terrain_curvature_profile', 20, 30) == pytest.approx(-0.003, rel=1e-3)
    assert at(turned, 'terrain_curvature_profile', 10, 20) == pytest.approx(0.003, rel=1e-3)


@pytest.mark.parametrize('radius', [2, 6, 11])
def test_position_on_a_plane_is_zero_and_on_a_spike_its_height(radius):
    plane = surface(lambda e, n: 0.5 * e - 0.3 * n + 4000)
    assert at(plane, f'terrain_tpi_r{radius}') == pytest.approx(0, abs=5e-4)
    spike = plane * 0
    spike[20, 20] = 7
    assert at(spike, f'terrain_tpi_r{radius}') == pytest.approx(7)
    reach = max(1, round(radius / PIXEL))
    rows, cols = np.mgrid[-20:21, -20:21]
    disc = (rows**2 + cols**2 <= (reach + 0.5) ** 2) & ((rows != 0) | (cols != 0))
    assert at(spike, f'terrain_tpi_r{radius}', 21, 20) == pytest.approx(-7 / disc.sum())


@pytest.mark.parametrize('radius', [4, 10, 24])
def test_position_is_the_height_above_the_mean_of_a_disc(radius):
    dem = np.random.default_rng(0).normal(3000, 40, (60, 60)).astype(np.float32)
    reach = round(radius / PIXEL)
    rows, cols = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = (rows**2 + cols**2 <= (reach + 0.5) ** 2).astype(float)
    disc[reach, reach] = 0
    mean = ndimage.correlate(dem.astype(float), disc / disc.sum())
    name = f'terrain_tpi_r{radius}'
    found = derive({'terrain_elevation': (dem, dem > 0)}, [name], PIXEL)[name][0]
    inner = (slice(reach, -reach), slice(reach, -reach))
    assert found[inner] == pytest.approx((dem - mean)[inner], abs=5e-4)


def test_relief_of_a_plane_is_its_rise_across_the_window():
    plane = surface(lambda e, n: 0.5 * e)
    assert at(plane, 'terrain_relief_r10') == pytest.approx(0.5 * 20, rel=1e-5)


def test_ruggedness_and_roughness_of_a_plane_and_a_spike():
    plane = surface(lambda e, n: 0.5 * e)  # one metre from column to column
    assert at(plane, 'terrain_tri') == pytest.approx(np.sqrt(6))
    assert at(plane, 'terrain_roughness') == pytest.approx(2)
    spike = plane * 0
    spike[20, 20] = 3
    assert at(spike, 'terrain_tri') == pytest.approx(3 * np.sqrt(8))
    assert at(spike, 'terrain_roughness') == pytest.approx(3)


def test_flat_ground_sees_the_whole_sky():
    flat = surface(lambda e, n: 0 * e + 812)
    assert at(flat, 'terrain_sky_view_r20') == pytest.approx(1)
    assert at(flat, 'terrain_openness_positive_r20') == pytest.approx(90)
    assert at(flat, 'terrain_openness_negative_r20') == pytest.approx(90)


@pytest.mark.parametrize('slope', [20, 45])
def test_in_a_pit_every_horizon_stands_at_the_slope(slope):
    pit = surface(lambda e, n: np.tan(np.radians(slope)) * np.hypot(e, n))
    assert at(pit, 'terrain_sky_view_r20') == pytest.approx(1 - np.sin(np.radians(slope)), rel=1e-5)
    assert at(pit, 'terrain_openness_positive_r20') == pytest.approx(90 - slope, rel=1e-5)
    assert at(pit, 'terrain_openness_negative_r20') == pytest.approx(90 + slope, rel=1e-5)
    assert at(-pit, 'terrain_sky_view_r20') == pytest.approx(1)  # from a peak nothing hides it
    assert at(-pit, 'terrain_openness_positive_r20') == pytest.approx(90 + slope, rel=1e-5)


def test_at_the_foot_of_a_wall_half_of_the_rays_are_blocked():
    height = 1e5
    wall = surface(lambda e, n: height * (e > PIXEL / 2))
    # of sixteen rays seven rise to a wall that is all but upright, two run along it
    assert at(wall, 'terrain_sky_view_r20') == pytest.approx(1 - 7 / 16, abs=1e-3)


def test_upside_down_ground_changes_positive_for_negative_openness():
    dem = np.random.default_rng(3).normal(0, 2, (41, 41)).astype(np.float32)
    assert at(dem, 'terrain_openness_positive_r12') == pytest.approx(
        at(-dem, 'terrain_openness_negative_r12'), rel=1e-5
    )


def test_many_suns_on_flat_ground_shine_as_one():
    flat = surface(lambda e, n: 0 * e)
    assert at(flat, 'terrain_hillshade_multi') == pytest.approx(np.sin(np.radians(30)))


def test_many_suns_show_what_one_sun_hides():
    along = surface(lambda e, n: -0.3 * (e - n) / np.sqrt(2))  # faces away from 315 degrees
    one, many = at(along, 'terrain_hillshade_az315_alt30'), at(along, 'terrain_hillshade_multi')
    assert many > one
