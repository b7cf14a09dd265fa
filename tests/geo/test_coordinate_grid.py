from __future__ import annotations

import numpy as np
import pyproj
import pytest

from fusionls.geo.coordinate_grid import CoordinateGrid
from fusionls.geo.grid import Grid
from fusionls.geo.window import Window

UTM = Grid(pyproj.CRS(32645), 300_000.0, 3_300_000.0, 10.0, 10.0, 2000, 2000)


def exact(coordinates: CoordinateGrid, window: Window, parts: int = 1):
    rows = window.row + (np.arange(window.height * parts) + 0.5) / parts
    cols = window.col + (np.arange(window.width * parts) + 0.5) / parts
    return coordinates.exact(*np.meshgrid(cols, rows))


@pytest.mark.parametrize(
    'source',
    [
        Grid(pyproj.CRS(4326), 84.0, 31.0, 1 / 3600, 1 / 3600, 9000, 9000),
        Grid(pyproj.CRS(32644), 800_000.0, 3_400_000.0, 10.0, 10.0, 9000, 9000),
        Grid(pyproj.CRS(3857), 9_400_000.0, 3_600_000.0, 5.0, 7.0, 9000, 9000),
    ],
)
@pytest.mark.parametrize('parts', [1, 3])
def test_positions_are_those_of_the_projection_to_a_two_thousandth_of_a_pixel(source, parts):
    coordinates = CoordinateGrid(source, UTM)
    window = Window(700, 411, 130, 90)
    found, expected = coordinates.positions(window, parts), exact(coordinates, window, parts)
    for axis in range(2):
        assert found[axis].shape == (130 * parts, 90 * parts)
        assert np.abs(found[axis] - expected[axis]).max() < 5e-4


def test_where_lines_bend_every_pixel_is_projected():
    polar = Grid(pyproj.CRS(3031), -20_000.0, 20_000.0, 250.0, 250.0, 160, 160)
    source = Grid(pyproj.CRS(4326), -180.0, -80.0, 0.01, 0.01, 1000, 36000)
    coordinates = CoordinateGrid(source, polar)
    found, expected = coordinates.positions(polar.window), exact(coordinates, polar.window)
    for axis in range(2):
        assert np.abs(found[axis] - expected[axis]).max() < 5e-4


def test_the_same_crs_is_arithmetic():
    source = Grid(UTM.crs, 299_990.0, 3_300_020.0, 5.0, 4.0, 50, 50)
    cols, rows = CoordinateGrid(source, UTM).positions(Window(0, 0, 1, 2))
    assert cols == pytest.approx(np.array([[3.0, 5.0]]))
    assert rows == pytest.approx(np.array([[6.25, 6.25]]))
