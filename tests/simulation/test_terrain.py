import itertools

import numpy as np
import pyproj
import pytest

from fusionls.simulation.terrain import (
    add_terraces,
    choose_site,
    make_terrain,
    real_terrain,
    site_centres,
    site_grid,
)


@pytest.mark.parametrize('extent', [1280.0, 5120.0, 7000.0])
def test_sites_share_no_ground(extent):
    real = real_terrain()
    side = max(extent, 5200.0)
    for (r1, c1), (r2, c2) in itertools.combinations(site_centres(extent), 2):
        apart = max(abs(r1 - r2) * real.metres[0], abs(c1 - c2) * real.metres[1])
        assert apart >= side * 0.99


def test_neighbouring_seeds_get_different_sites():
    count = len(site_centres(2560.0))
    assert count >= 10
    assert len({choose_site(seed, 2560.0).index for seed in range(count)}) == count


def test_sample_data_lie_near_jacksboro():
    """Jacksboro, Tennessee: 36.33 N, 84.18 W; the sample begins a little north of it."""
    grid = site_grid(choose_site(0, 2560.0), 512, 5.0)
    to_degrees = pyproj.Transformer.from_crs(grid.crs, 4326, always_xy=True)
    lon, lat = to_degrees.transform(grid.west, grid.north)
    assert -84.5 < lon < -84.0
    assert 36.4 < lat < 36.8


def test_a_scene_larger_than_the_sample_is_refused_with_a_cure():
    with pytest.raises(ValueError, match=r'40000 m does not fit.*smaller size'):
        site_centres(40000.0)


def test_relief_is_that_of_the_real_site():
    site = choose_site(5, 2560.0)
    terrain = make_terrain(site, 512, 5.0, np.random.default_rng(0))
    real = real_terrain()
    half = [round(1280 / metres) for metres in real.metres]
    row, col = (round(v) for v in site.centre)
    piece = real.elevation[row - half[0] : row + half[0] + 1, col - half[1] : col + half[1] + 1]
    assert np.ptp(terrain.ground) == pytest.approx(np.ptp(piece), rel=0.15)


def test_river_runs_through_a_plain_flatter_than_the_hillsides():
    terrain = make_terrain(choose_site(4, 2560.0), 512, 5.0, np.random.default_rng(0))
    plain = (terrain.river_distance > 20) & (terrain.river_distance < 40)
    east, north = np.gradient(terrain.ground, 5.0)
    slope = np.degrees(np.arctan(np.hypot(east, north)))
    assert np.median(slope[plain]) < 0.5 * np.median(slope[~plain])
    assert 0.003 < terrain.water.mean() < 0.05


def test_terrace_treads_are_flatter_and_risers_steeper_than_the_hillside():
    row = np.mgrid[0:200, 0:200][0] * 5.0
    hillside = row * np.tan(np.radians(9.0))
    cut = add_terraces(hillside, np.ones_like(row), 5.0, np.random.default_rng(0))
    slope = np.degrees(np.arctan(np.abs(np.diff(cut, axis=0)) / 5.0))[10:-10]
    assert np.median(slope) < 6.0
    assert slope.max() > 22.0
    assert np.ptp(cut, axis=1).max() == pytest.approx(0.0, abs=1e-9)  # risers follow contours
