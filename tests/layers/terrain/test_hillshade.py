from __future__ import annotations

import numpy as np
import pytest

from fusionls.layers.terrain.hillshade import hillshade


def plane(azimuth: float, slope: float, shape=(7, 7)):
    """Ground of 1 m cells that falls toward ``azimuth`` by ``slope`` degrees."""
    rows, cols = np.indices(shape)
    toward = np.sin(np.radians(azimuth)) * cols - np.cos(np.radians(azimuth)) * rows
    return (-np.tan(np.radians(slope)) * toward).astype(np.float32)


def shade(dem, **sun):
    return hillshade(dem, np.ones(dem.shape, bool), 1.0, **sun)[0][3, 3]


@pytest.mark.parametrize('altitude', [10, 45, 90])
def test_flat_ground_reads_the_sine_of_the_suns_altitude(altitude):
    assert shade(plane(0, 0), sun_altitude=altitude) == pytest.approx(
        np.sin(np.radians(altitude)), abs=1e-6
    )


def test_ground_that_faces_the_sun_is_fully_lit():
    assert shade(plane(315, 45)) == pytest.approx(1.0, abs=1e-6)


def test_ground_along_the_light_is_dark_and_beyond_it_is_clipped():
    assert shade(plane(135, 45)) == pytest.approx(0.0, abs=1e-6)
    assert shade(plane(135, 60)) == 0.0


@pytest.mark.parametrize('azimuth', range(0, 360, 45))
@pytest.mark.parametrize('sun', [(315.0, 45.0), (90.0, 30.0)])
def test_planes_of_30_degrees_follow_the_cosine_law(azimuth, sun):
    turn = np.radians(sun[0] - azimuth)
    altitude, slope = np.radians(sun[1]), np.radians(30)
    expected = np.sin(altitude) * np.cos(slope) + np.cos(altitude) * np.sin(slope) * np.cos(turn)
    found = shade(plane(azimuth, 30), sun_azimuth=sun[0], sun_altitude=sun[1])
    assert found == pytest.approx(max(expected, 0), abs=1e-5)


def test_turning_ground_and_sun_together_changes_nothing():
    dem = np.random.default_rng(0).normal(0, 1, (9, 9)).astype(np.float32)
    valid = np.ones(dem.shape, bool)
    found, _ = hillshade(dem, valid, 1.0, sun_azimuth=315.0)
    turned, _ = hillshade(np.rot90(dem).copy(), valid, 1.0, sun_azimuth=225.0)
    assert np.rot90(found) == pytest.approx(turned, abs=1e-5)


def test_the_rim_and_voids_are_invalid_and_zero():
    dem = plane(0, 20)
    valid = np.ones(dem.shape, bool)
    valid[3, 3] = False
    dem[3, 3] = np.nan
    found, sound = hillshade(dem, valid, 1.0)
    assert sound.sum() == 25 - 9
    assert np.all(found[~sound] == 0)


@pytest.mark.parametrize('altitude', [0, -1, 91])
def test_a_sun_below_the_horizon_is_refused(altitude):
    with pytest.raises(ValueError, match='sun_altitude'):
        shade(plane(0, 0), sun_altitude=altitude)
