from __future__ import annotations

import numpy as np
import pyproj
import pytest

from fusionls.errors import PointCloudError
from fusionls.geo.grid import Grid
from fusionls.sources.lidar.gridding import LIDAR_SOURCES, LidarOptions, gridded
from fusionls.sources.lidar.point_cloud import Points

SIDE = 60
GRID = Grid(pyproj.CRS(32617), 0.0, float(SIDE), 1.0, 1.0, SIDE, SIDE)


def cloud_of(z, count=20_000, seed=0, is_ground=None):
    """Points at random places of the grid, at the height a function gives."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, SIDE, (2, count))
    heights = z(x, y, rng)
    ground = np.ones(count, bool) if is_ground is None else is_ground(x, y)
    intensity = np.where(x < SIDE / 2, 100, 300).astype(np.float32)
    return Points(x, y, heights, intensity, ground)


def layers_of(points, **options):
    return gridded(lambda: [points], GRID, LidarOptions(**options))


def middles():
    north, east = np.mgrid[:SIDE, :SIDE]
    return east + 0.5, SIDE - north - 0.5


@pytest.mark.parametrize('slope', [0.0, 0.5, 1.0])
def test_a_tilted_plane_comes_back_at_the_middle_of_each_cell(slope):
    # a cell's points lie anywhere in it, up to 0.7 m off in height at a slope of 1
    found = layers_of(cloud_of(lambda x, y, rng: 200 + slope * (0.6 * x + 0.8 * y)))
    elevation, valid = found['lidar_ground']
    east, north = middles()
    error = elevation - (200 + slope * (0.6 * east + 0.8 * north))
    assert valid.all()
    assert np.sqrt((error**2).mean()) < 0.004 + 0.01 * slope
    assert np.abs(error[3:-3, 3:-3]).max() < 0.01 + 0.06 * slope
    roughness, known = found['lidar_ground_roughness']
    assert known.mean() > 0.9
    assert np.median(roughness[known]) < 0.02 * slope + 1e-4


def test_roughness_is_the_deviation_of_the_points_on_a_slope_too():
    found = layers_of(
        cloud_of(lambda x, y, rng: 0.5 * x + rng.normal(0, 0.1, len(x)), count=150_000)
    )
    roughness, known = found['lidar_ground_roughness']
    assert np.sqrt((roughness[known] ** 2).mean()) == pytest.approx(0.1, rel=0.08)


def test_densities_count_points_per_square_metre_and_intensity_is_their_mean():
    points = cloud_of(
        lambda x, y, rng: 8.0 * (np.abs(x - 30) < 6) * (np.abs(y - 30) < 6), count=40_000
    )
    found = layers_of(points)
    density, _ = found['lidar_point_density']
    assert density.sum() == 40_000
    assert found['lidar_ground_density'][0].sum() == np.count_nonzero(points.z == 0)
    intensity, hit = found['lidar_intensity']
    assert hit.all()
    assert np.array_equal(intensity[:, :30], np.full((SIDE, 30), 100, np.float32))
    assert np.array_equal(intensity[:, 30:], np.full((SIDE, 30), 300, np.float32))


def test_surface_is_the_highest_point_and_canopy_stands_above_the_ground():
    rng = np.random.default_rng(1)
    points = cloud_of(lambda x, y, _: 5 + np.where(rng.random(len(x)) < 0.5, 12.0, 0.0))
    found = layers_of(points)
    surface, hit = found['lidar_surface']
    ground, valid = found['lidar_ground']
    assert ground[valid] == pytest.approx(5.0, abs=1e-4)
    assert (surface[hit] == 17).mean() > 0.9


def test_the_ground_is_interpolated_up_to_the_void_limit_and_no_further():
    # nothing was measured within 20 m of the middle
    points = cloud_of(lambda x, y, rng: 0.3 * x)
    points = points.chosen(np.hypot(points.x - 30, points.y - 30) > 20)
    elevation, valid = layers_of(points, void_limit=8.0)['lidar_ground']
    east, north = middles()
    away = 20 - np.hypot(east - 30, north - 30)
    assert valid[away < 7].all()
    assert not valid[away > 9].any()
    assert np.abs(elevation - 0.3 * east)[valid].max() < 0.1
    assert (elevation[~valid] == 0).all()
    whole = layers_of(points, void_limit=50.0)['lidar_ground']
    assert whole[1].all()
    assert np.abs(whole[0] - 0.3 * east).max() < 0.3


def test_the_provider_s_ground_is_taken_as_it_is():
    points = cloud_of(
        lambda x, y, rng: np.where((x > 20) & (x < 40), 3.0, 0.0),
        is_ground=lambda x, y: (x > 20) & (x < 40),
    )
    elevation, valid = layers_of(points, ground='classified', void_limit=2.0)['lidar_ground']
    assert np.array_equal(valid.any(0), (np.arange(SIDE) >= 18) & (np.arange(SIDE) < 42))
    assert elevation[valid] == pytest.approx(3.0)


def test_a_cloud_without_ground_or_points_is_refused_with_the_cure():
    points = cloud_of(lambda x, y, rng: x, is_ground=lambda x, y: np.zeros(len(x), bool))
    with pytest.raises(PointCloudError, match=r'none of its points .* is ground.*adaptive'):
        layers_of(points, ground='classified')
    nothing = points.chosen(np.zeros(len(points), bool))
    with pytest.raises(PointCloudError, match='no point of it lies inside the scene'):
        layers_of(nothing)
    found = gridded(lambda: [nothing], GRID, LidarOptions(), needs_ground=False)
    assert tuple(found) == LIDAR_SOURCES
    assert not any(valid.any() for name, (_, valid) in found.items() if 'density' not in name)
    assert not found['lidar_ground_density'][0].any()


def test_chunks_add_up_to_the_whole_bit_for_bit():
    points = cloud_of(lambda x, y, rng: 0.4 * x + rng.uniform(0, 3, len(x)), count=5000)
    whole = layers_of(points)
    for size in (1, 713):
        index = np.arange(len(points)) // (size if size > 1 else len(points))
        chunks = [points.chosen(index == part) for part in range(index.max() + 1)]
        parts = gridded(lambda chunks=chunks: chunks, GRID, LidarOptions())
        for name in LIDAR_SOURCES:
            assert np.array_equal(whole[name][0], parts[name][0]), name
            assert np.array_equal(whole[name][1], parts[name][1]), name


def test_a_cell_between_points_has_their_surface_and_a_void_has_none():
    # a point every 2.7 m on cells of 1 m, and nothing for 20 m around the middle
    side = np.arange(0.5, SIDE, 2.7)
    x, y = (v.ravel() for v in np.meshgrid(side, side))
    points = Points(x, y, 0.3 * x, np.full(x.size, 7, np.float32), np.ones(x.size, bool))
    void = np.hypot(points.x - 30, points.y - 30) < 20
    found = layers_of(points.chosen(~void))
    for name in ('lidar_surface', 'lidar_intensity'):
        _, seen = found[name]
        col, row = middles()
        away = np.hypot(row - 30, col - 30)
        assert seen[away > 24].all()
        assert not seen[away < 15].any()
    surface, seen = found['lidar_surface']
    np.testing.assert_allclose(surface[seen], (0.3 * col)[seen], atol=0.3)
