from __future__ import annotations

import numpy as np
import pyproj
import pytest

from fusionls.geo.grid import Grid
from fusionls.geo.north import convergence, north_turn, partner_of, turned_north
from fusionls.geo.window import Window
from fusionls.quantities import Kind

GEOD = pyproj.Geod(ellps='WGS84')


def utm(longitude: float, latitude: float, pixel: float = 100.0, size: int = 150) -> Grid:
    """A grid in UTM 32 (central meridian 9 degrees) around a place."""
    to_utm = pyproj.Transformer.from_crs(4326, 32632, always_xy=True)
    east, north = to_utm.transform(longitude, latitude)
    half = size / 2 * pixel
    return Grid(pyproj.CRS(32632), east - half, north + half, pixel, pixel, size, size)


def middle(grid: Grid) -> float:
    return float(convergence(grid, Window(grid.rows // 2, grid.cols // 2, 1, 1))[0, 0])


def test_on_the_central_meridian_grid_north_is_true_north():
    assert middle(utm(9.0, 47.0)) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize('longitude', [6.5, 8.0, 11.0])
@pytest.mark.parametrize('latitude', [-35.0, 10.0, 60.0])
def test_convergence_is_longitude_times_sine_of_latitude_to_first_order(longitude, latitude):
    # east of the meridian, north of the equator, true north lies to the west of grid north
    expected = -(longitude - 9.0) * np.sin(np.radians(latitude))
    assert middle(utm(longitude, latitude)) == pytest.approx(expected, abs=0.01)


def test_convergence_is_where_a_walk_to_the_north_leads_on_the_grid():
    grid = utm(11.3, 52.0)
    to_utm = pyproj.Transformer.from_crs(4326, 32632, always_xy=True)
    east, north = grid.west + 75.5 * grid.pixel, grid.north - 75.5 * grid.pixel
    longitude, latitude = to_utm.transform(east, north, direction='INVERSE')
    there = to_utm.transform(*GEOD.fwd(longitude, latitude, 0.0, 50.0)[:2])
    expected = np.degrees(np.arctan2(there[0] - east, there[1] - north))
    found = convergence(grid, Window(75, 75, 1, 1))[0, 0]
    assert found == pytest.approx(expected, abs=1e-3)


def test_windows_equal_the_whole_bit_for_bit():
    grid = utm(10.0, 40.0)
    whole = convergence(grid, grid.window)
    part = Window(37, 61, 70, 80)
    assert np.array_equal(convergence(grid, part), whole[part.slices])


def test_degrees_have_no_convergence_and_equal_grids_no_turn():
    degrees = Grid(pyproj.CRS(4326), 10.0, 50.0, 0.01, 0.01, 20, 20)
    assert not convergence(degrees, degrees.window).any()
    grid = utm(11.0, 50.0)
    assert not north_turn(grid, False, grid, Window(0, 0, 5, 5)).any()


def test_true_north_on_a_grid_three_degrees_off_leans_to_the_west():
    grid = utm(12.0, 50.0)
    angle = north_turn(grid, True, grid, Window(75, 75, 1, 1))
    assert angle[0, 0] == pytest.approx(-3 * np.sin(np.radians(50)), abs=0.01)
    vector = np.array([0.0, 1.0], np.float32).reshape(2, 1, 1)  # toward true north
    east, north = turned_north(
        vector, [Kind.EAST, Kind.NORTH], ['insar_los_east', 'insar_los_north'], angle
    ).ravel()
    assert np.degrees(np.arctan2(east, north)) == pytest.approx(angle[0, 0], abs=1e-4)
    assert np.hypot(east, north) == pytest.approx(1, abs=1e-6)


def test_between_two_zones_a_vector_there_and_back_is_the_same():
    here = utm(11.9, 48.0)
    to_33 = pyproj.Transformer.from_crs(32632, 32633, always_xy=True)
    west, north = to_33.transform(here.west, here.north)
    there = Grid(pyproj.CRS(32633), west, north, 100.0, 100.0, 20, 20)
    part = Window(3, 3, 1, 1)
    turn = north_turn(here, False, there, part)[0, 0]
    # 6 degrees apart in central meridian
    assert turn == pytest.approx(6 * np.sin(np.radians(48)), abs=0.05)
    back = north_turn(there, False, here, part)[0, 0]
    assert turn + back == pytest.approx(0, abs=0.03)


def test_azimuths_are_turned_and_lone_components_left():
    angle = np.full((1, 1), 10.0)
    values = np.array([355.0, 0.5, 7.0], np.float32).reshape(3, 1, 1)
    kinds = [Kind.AZIMUTH, Kind.EAST, Kind.CONTINUOUS]
    found = turned_north(values, kinds, ['a_azimuth', 'a_velocity_east', 'a_b'], angle)
    assert found.ravel() == pytest.approx([5.0, 0.5, 7.0], abs=1e-4)


@pytest.mark.parametrize(
    ('east', 'north'),
    [
        ('insar_los_east', 'insar_los_north'),
        ('insar_los_east_desc', 'insar_los_north_desc'),
        ('terrain_aspect_sin', 'terrain_aspect_cos'),
        ('terrain_normal_east', 'terrain_normal_north'),
        ('optical_red', None),
    ],
)
def test_components_belong_together_by_name(east, north):
    assert partner_of(east) == north
