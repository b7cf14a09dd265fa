from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.errors import ProductError
from fusionls.geo.grid import Grid
from fusionls.sources.insar.points import MARGIN, point_source, read_table

UTM = pyproj.CRS(32617)
PATH = Path('points.csv')


def source_of(x, y, velocity, crs=UTM, pixel=None):
    columns = {'insar_velocity_los': np.asarray(velocity, float)}
    return point_source(
        PATH, crs, np.asarray(x, float), np.asarray(y, float), columns,
        track=None, record={}, pixel=pixel,
    )  # fmt: skip


def grid_of(rows, cols, pixel=10.0, west=0.0, north=0.0):
    return Grid(UTM, 500_000.0 + west, 4_000_000.0 + north, pixel, pixel, rows, cols)


def whole(source, grid):
    """Values and valid of the points on all of a grid."""
    gridded = source.on(grid)
    cols = round((gridded.grid.west - grid.west) / grid.pixel_width)
    rows = round((grid.north - gridded.grid.north) / grid.pixel_height)
    values, valid = gridded.read()
    found = np.zeros((2, grid.rows + 2 * MARGIN, grid.cols + 2 * MARGIN), np.float32)
    there = np.zeros(found.shape, bool)
    area = np.s_[
        :,
        rows + MARGIN : rows + MARGIN + values.shape[1],
        cols + MARGIN : cols + MARGIN + values.shape[2],
    ]
    found[area], there[area] = values, valid
    inner = np.s_[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    return found[inner], there[inner]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_a_pixel_holds_the_mean_of_its_points_and_gaps_stay_gaps(seed, count):
    rng = np.random.default_rng(seed)
    x = 500_000 + rng.uniform(0, 80, count)
    y = 4_000_000 - rng.uniform(0, 60, count)
    velocity = rng.normal(0, 0.01, count)
    velocity[rng.random(count) < 0.2] = np.nan
    (mean, points), (valid, with_points) = whole(source_of(x, y, velocity), grid_of(6, 8))
    for row in range(6):
        for col in range(8):
            here = (x // 10 == 50_000 + col) & (np.ceil(y / 10) == 400_000 - row)
            known = here & np.isfinite(velocity)
            assert points[row, col] == here.sum()
            assert with_points[row, col] == here.any()
            assert valid[row, col] == known.any()
            if known.any():
                assert mean[row, col] == pytest.approx(velocity[known].mean(), abs=1e-7)


def test_points_outside_the_grid_leave_one_invalid_pixel():
    gridded = source_of([0.0], [0.0], [0.01]).on(grid_of(4, 4))
    values, valid = gridded.read()
    assert not valid.any()
    assert values.shape == (2, 1, 1)


def test_points_are_placed_across_crs_and_the_antimeridian():
    # one point on each side of longitude 180, a few metres apart
    crs = pyproj.CRS(4326)
    source = source_of([179.9999, -179.9999], [-17.0, -17.0], [0.01, 0.03], crs)
    assert source.grid.cols < 20
    assert source.grid.crs.to_epsg() in (32701, 32760)
    values, valid = source.read()
    assert sorted(values[0][valid[0]]) == pytest.approx([0.01, 0.03])


def test_its_own_grid_has_about_one_point_a_pixel_and_holds_all():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 5000, (2, 2500))
    source = source_of(500_000 + x, 4_000_000 + y, np.zeros(2500))
    assert source.grid.pixel == pytest.approx(100, abs=1)
    assert source.read()[0][1].sum() == 2500
    assert source_of([5e5], [4e6], [0.0], pixel=30.0).grid.pixel == 30


def test_a_window_of_its_grid_equals_that_part_of_the_whole():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 500, (2, 300))
    source = source_of(500_000 + x, 4_000_000 + y, rng.normal(size=300), pixel=50)
    values, valid = source.read()
    window = type(source.grid.window)(2, 3, 4, 5)
    part, there = source.read(window)
    assert np.array_equal(part, values[:, 2:6, 3:8])
    assert np.array_equal(there, valid[:, 2:6, 3:8])


def test_values_beyond_float32_are_no_measurement():
    values, valid = whole(source_of([5e5 + 5], [4e6 - 5], [1e300]), grid_of(1, 1))
    assert valid[:, 0, 0].tolist() == [False, True]
    assert values[0, 0, 0] == 0


@pytest.mark.parametrize(
    ('x', 'y', 'expected'),
    [
        ([], [], 'holds no point'),
        ([np.nan, 1], [0, np.inf], '2 points have no place'),
        ([10.0], [95.0], 'expected degrees within 360 and 90'),
    ],
)
def test_points_that_cannot_be_placed_are_refused(x, y, expected):
    with pytest.raises(ProductError, match=expected):
        source_of(x, y, np.zeros(len(x)), pyproj.CRS(4326))


def test_a_folder_or_garbage_is_no_table(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_bytes(b'\xff\xfe\x00a,b\n1')
    with pytest.raises(ProductError, match='cannot be read as a table'):
        read_table(path)
