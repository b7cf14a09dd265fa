import numpy as np
import pyproj
import pytest

from fusionls.simulation import make_valley
from fusionls.simulation.cover import Cover
from fusionls.simulation.fields import blocks
from fusionls.simulation.landslides import SlideKind
from fusionls.simulation.sensors import (
    LEAST_COHERENCE,
    SUN_AZIMUTH,
    clouds,
    illumination,
    insar_products,
    vertical_in_sight,
)


def test_flat_ground_is_lit_by_one_and_a_slope_to_the_sun_by_more():
    row, col = np.mgrid[0:10, 0:10] * 5.0
    sun = np.radians(SUN_AZIMUTH)
    toward = -np.tan(np.radians(20.0)) * (col * np.sin(sun) - row * np.cos(sun))
    assert illumination(np.zeros((10, 10)), 5.0) == pytest.approx(1.0)
    facing = np.sin(np.radians(48.0 + 20.0)) / np.sin(np.radians(48.0))
    assert illumination(toward, 5.0) == pytest.approx(0.25 + 0.75 * facing)
    assert illumination(-toward, 5.0).max() < 1.0


@pytest.mark.parametrize('share', [0.06, 0.14])
def test_clouds_cover_the_share_asked_for(share):
    mask, haze = clouds((256, 256), share, 5.0, np.random.default_rng(0))
    assert mask.mean() == pytest.approx(share, abs=0.005)
    assert 0 <= haze.min() <= haze.max() <= 0.06


def test_shares_of_missing_data_are_realistic(valley):
    assert 0.05 <= np.isnan(valley.optical[0]).mean() <= 0.20
    assert 0.60 <= np.isfinite(valley.dtm).mean() <= 0.80
    assert 0.10 <= np.isnan(valley.velocity).mean() <= 0.50
    assert np.array_equal(np.isnan(valley.dtm), np.isnan(valley.dsm))
    assert np.array_equal(np.isnan(valley.velocity), valley.coherence < LEAST_COHERENCE)


def test_coherence_orders_covers_as_nature_does(valley):
    cover = valley.cover

    def mean(kind):
        inside = blocks((cover == kind).astype(float), 4) > 0.9
        return valley.coherence[inside].mean()

    assert mean(Cover.WATER) < mean(Cover.FOREST) < mean(Cover.GRASS)
    assert mean(Cover.SLIDE_SOIL) < LEAST_COHERENCE < mean(Cover.CLEARING)


def test_a_slope_that_lies_over_is_incoherent():
    west = np.mgrid[0:80, 0:80][1] * 5.0
    grass = np.full(west.shape, Cover.GRASS, np.uint8)
    still = np.zeros(west.shape)

    def coherence(degrees):
        ground = west * np.tan(np.radians(degrees))
        rng = np.random.default_rng(0)
        return insar_products(ground, grass, still, still, 5.0, rng)[1][4:-4, 4:-4].mean()

    assert coherence(38.0) < 0.2  # faces the radar in the west at its incidence
    assert coherence(-20.0) > 0.6


def test_velocity_of_moving_ground_is_that_motion_within_its_noise():
    shape = (160, 160)
    grass = np.full(shape, Cover.GRASS, np.uint8)
    motion = np.zeros(shape)
    motion[60:100, 60:100] = -0.020
    rng = np.random.default_rng(0)
    velocity, _ = insar_products(np.zeros(shape), grass, np.zeros(shape), motion, 5.0, rng)
    inside, outside = velocity[16:24, 16:24], velocity[:10]
    assert np.nanmean(inside) - np.nanmean(outside) == pytest.approx(-0.020, abs=0.003)


def test_sinking_ground_moves_away_from_the_radar():
    assert vertical_in_sight(np.array(-0.010)) == pytest.approx(-0.010 * np.cos(np.radians(39)))


def test_coarse_dem_stands_part_way_up_the_trees(valley):
    """Height of the model over ground, mean over forest minus mean over grass: about half."""
    grid, dem_grid = valley.grid, valley.dem_grid
    assert dem_grid.crs.to_epsg() == 4326
    lon = dem_grid.west + (np.arange(dem_grid.cols) + 0.5) * dem_grid.pixel_width
    lat = dem_grid.north - (np.arange(dem_grid.rows) + 0.5) * dem_grid.pixel_height
    to_utm = pyproj.Transformer.from_crs(4326, grid.crs, always_xy=True)
    x, y = to_utm.transform(*np.meshgrid(lon, lat))
    row = np.floor((grid.north - y) / 5.0).astype(int)
    col = np.floor((x - grid.west) / 5.0).astype(int)
    inside = (row >= 0) & (row < grid.rows) & (col >= 0) & (col < grid.cols)
    height = valley.dem[inside] - valley.ground[row[inside], col[inside]]
    assert np.isfinite(height).all()
    cover = valley.cover[row[inside], col[inside]]
    trees = height[cover == Cover.FOREST].mean() - height[cover == Cover.GRASS].mean()
    assert 4.0 < trees < 11.0
    assert 1.5 < height[cover == Cover.GRASS].std() < 6.0


def test_lidar_misses_fresh_landslides_unless_it_flew_after_them(valley):
    after = make_valley(valley.seed, valley.grid.rows, lidar_after_event=True)
    fresh = valley.mask_of(SlideKind.FRESH) & np.isfinite(valley.dtm)
    assert fresh.any()
    before_error = np.abs(valley.dtm - valley.ground_before)[fresh]
    assert before_error.mean() < 0.2
    assert np.abs(after.dtm - after.ground)[fresh].mean() < 0.2
    assert (after.dsm - after.dtm)[fresh].max() < 1.0
    assert (valley.dsm - valley.dtm)[fresh].mean() > 2.0
    assert np.array_equal(after.optical, valley.optical, equal_nan=True)
