from __future__ import annotations

from dataclasses import replace

import pyproj
import pytest
import rasterio.transform
from hypothesis import given
from hypothesis import strategies as st

from fusionls.errors import GridMismatchError
from fusionls.geo.grid import Grid
from fusionls.geo.window import Window

GRID = Grid(pyproj.CRS(32617), 500_000.0, 4_000_000.0, 10.0, 10.0, 60, 80)


def test_bounds_follow_from_origin_pixel_and_shape():
    assert GRID.bounds == (500_000.0, 3_999_400.0, 500_800.0, 4_000_000.0)
    assert rasterio.transform.xy(GRID.transform, 60, 80, offset='ul') == (GRID.east, GRID.south)


@given(st.sampled_from([1, 2, 4, 5, 10, 20]))
def test_coarser_pixels_keep_the_extent(factor):
    coarse = GRID.coarser(factor)
    assert coarse.bounds == GRID.bounds
    assert coarse.pixel == 10.0 * factor


def test_a_shape_that_is_no_multiple_of_the_factor_is_refused():
    with pytest.raises(GridMismatchError, match='60 x 80 pixels cannot be read in blocks of 7'):
        GRID.coarser(7)


@given(*[st.integers(-30, 90)] * 2, *[st.integers(1, 50)] * 2, st.integers(0, 9), st.integers(0, 9))
def test_a_pixel_of_a_part_lies_where_it_lies_in_the_whole(row, col, height, width, dr, dc):
    part = GRID.part(Window(row, col, height, width))
    assert part.shape == (height, width)
    here = rasterio.transform.xy(part.transform, dr, dc)
    assert here == pytest.approx(rasterio.transform.xy(GRID.transform, row + dr, col + dc))


def test_a_geographic_grid_has_no_pixel_in_metres_and_names_the_cure():
    degrees = replace(GRID, crs=pyproj.CRS(4326), pixel_width=0.1, pixel_height=0.1)
    with pytest.raises(GridMismatchError, match=r'counts in degrees.*grid: \{crs'):
        degrees.pixel  # noqa: B018 - a property that raises


def test_a_grid_in_feet_knows_its_pixel_in_metres():
    feet = replace(GRID, crs=pyproj.CRS(2263))  # New York Long Island, US survey feet
    assert feet.pixel == pytest.approx(10 * 1200 / 3937, rel=1e-12)


def test_oblong_pixels_have_no_side():
    with pytest.raises(GridMismatchError, match='not square'):
        replace(GRID, pixel_height=11.0).pixel  # noqa: B018


@pytest.mark.parametrize(
    'wrong',
    [{'pixel_width': 0.0}, {'pixel_height': -1.0}, {'rows': 0}, {'west': float('nan')}],
)
def test_nonsense_is_refused_at_birth(wrong):
    with pytest.raises(ValueError, match='a Grid needs'):
        replace(GRID, **wrong)


def test_rounding_of_the_origin_is_the_same_grid_and_a_shift_is_another():
    assert GRID.is_same_as(replace(GRID, west=GRID.west + 1e-4))
    assert not GRID.is_same_as(replace(GRID, west=GRID.west + 1.0))
    assert not GRID.is_same_as(replace(GRID, crs=pyproj.CRS(32618)))
    assert not GRID.is_same_as(replace(GRID, rows=59))


def test_the_text_names_shape_pixel_and_crs():
    assert str(GRID) == '60 x 80 pixels of 10 x 10, EPSG:32617, origin (500000, 4000000)'
