from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from fusionls.errors import InputError
from fusionls.geo import resample
from fusionls.geo.grid import Grid
from fusionls.geo.resample import Resampler
from fusionls.geo.window import Window, row_strips
from fusionls.quantities import Kind

UTM = pyproj.CRS(32643)
TARGET = Grid(UTM, 300_000.0, 3_800_000.0, 10.0, 10.0, 60, 80)


def reader(values, valid=None):
    values = np.asarray(values, np.float32)
    values = values if values.ndim == 3 else values[None]
    valid = np.ones(values.shape, bool) if valid is None else np.broadcast_to(valid, values.shape)

    def read(window: Window):
        assert window.intersection(Window(0, 0, *values.shape[1:])) == window
        rows, cols = window.slices
        return values[:, rows, cols], valid[:, rows, cols]

    return read


def centres(grid: Grid):
    cols = grid.west + (np.arange(grid.cols) + 0.5) * grid.pixel_width
    rows = grid.north - (np.arange(grid.rows) + 0.5) * grid.pixel_height
    return np.meshgrid(cols, rows)


def around(target: Grid, crs: pyproj.CRS, pixel: float, margin: float = 0.3) -> Grid:
    """A grid in another CRS that holds the target with a margin, its share."""
    west, south, east, north = pyproj.Transformer.from_crs(
        target.crs, crs, always_xy=True
    ).transform_bounds(*target.bounds)
    wide, high = (east - west) * margin, (north - south) * margin
    rows, cols = (
        int((n + 2 * m) / pixel) + 1 for n, m in ((north - south, high), (east - west, wide))
    )
    return Grid(crs, west - wide, north + high, pixel, pixel, rows, cols)


def plane_on(source: Grid, target: Grid):
    """East + 2 north, in metres from the target's corner, seen from the source's pixels."""
    east, north = pyproj.Transformer.from_crs(source.crs, target.crs, always_xy=True).transform(
        *centres(source)
    )
    return (east - target.west) + 2 * (north - target.south)


def resampled(source, target, values, valid=None, kind=Kind.CONTINUOUS):
    read = reader(values, valid)
    found, ok = Resampler(source, target).part(read, target.window, [kind])
    return found[0], ok[0]


@pytest.mark.parametrize(
    ('crs', 'pixel', 'bound'),
    [
        (4326, 1 / 3600, 0.01),  # one arc second: 30 m; bilinear
        (4326, 1 / 10800, 0.01),  # 10 m; bilinear
        (32642, 14.0, 0.01),  # the next UTM zone, turned by some degrees; bilinear
        (32642, 40.0, 0.01),
        # averages weigh whole source pixels by what of them a box in the source holds, so they
        # are off by a part of a source pixel: 15 m of height a pixel of 5 m on this plane
        (32642, 2.5, 1.0),
        (4326, 1 / 100_000, 1.0),
    ],
)
def test_a_plane_comes_out_as_the_plane(crs, pixel, bound):
    source = around(TARGET, pyproj.CRS(crs), pixel)
    found, valid = resampled(source, TARGET, plane_on(source, TARGET))
    east, north = centres(TARGET)
    expected = (east - TARGET.west) + 2 * (north - TARGET.south)
    assert valid.all()
    assert np.abs(found - expected).max() < bound
    assert abs((found - expected).mean()) < bound / 2


def test_gdals_warper_would_be_thirty_times_worse(tmp_path):
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT

    target = replace(TARGET, rows=200, cols=400)
    source = around(target, pyproj.CRS(4326), 1 / 3600)
    east, north = centres(target)
    expected = (east - target.west) + 2 * (north - target.south)
    plane = plane_on(source, target)
    ours = np.abs(resampled(source, target, plane)[0] - expected).max()
    profile = {'driver': 'GTiff', 'count': 1, 'dtype': 'float32', 'crs': 'EPSG:4326'}
    shape = {'height': source.rows, 'width': source.cols, 'transform': source.transform}
    with rasterio.open(tmp_path / 'a.tif', 'w', **profile, **shape) as dataset:
        dataset.write(plane.astype(np.float32), 1)
    with (
        rasterio.open(tmp_path / 'a.tif') as dataset,
        WarpedVRT(
            dataset,
            crs=target.crs.to_wkt(),
            transform=target.transform,
            height=target.rows,
            width=target.cols,
            resampling=Resampling.bilinear,
        ) as warped,
    ):
        theirs = np.abs(warped.read(1) - expected).max()
    assert ours < 0.01
    assert theirs > 30 * ours


def globe(west: float, pixel: float = 0.5) -> tuple[Grid, np.ndarray]:
    """The whole earth in degrees from a longitude on, and a smooth field on it."""
    grid = Grid(pyproj.CRS(4326), west, 90.0, pixel, pixel, int(180 / pixel), int(360 / pixel))
    return grid, field(*centres(grid))


def field(longitude, latitude):
    x, y = np.radians(longitude), np.radians(latitude)
    return 100 * np.sin(2 * x) * np.cos(y) ** 2 + 50 * np.sin(y)


def truth_on(target: Grid) -> np.ndarray:
    to_degrees = pyproj.Transformer.from_crs(target.crs, 4326, always_xy=True)
    return field(*to_degrees.transform(*centres(target)))


@pytest.mark.parametrize('west', [-180.0, 0.0, -360.0])
@pytest.mark.parametrize(
    ('crs', 'corner'),
    [
        (32660, (600_000.0, 5_500_000.0)),  # reaches over the antimeridian to the east
        (32601, (300_000.0, 5_500_000.0)),  # and to the west
        (32631, (100_000.0, 4_500_000.0)),  # lies on Greenwich, where 0 to 360 begins
        (3031, (-400_000.0, 400_000.0)),  # around the south pole
        (3413, (-400_000.0, 400_000.0)),  # around the north pole
    ],
)
def test_longitudes_are_found_however_they_are_counted(west, crs, corner):
    source, values = globe(west)
    target = Grid(pyproj.CRS(crs), *corner, 5000.0, 5000.0, 160, 160)
    found, valid = resampled(source, target, values)
    # the outermost half pixel of the earth has a neighbour on one side only, in one raster
    assert valid.mean() > 0.98
    assert found[valid] == pytest.approx(truth_on(target)[valid], abs=0.05)


def test_what_a_projection_does_not_reach_is_invalid_without_a_sound(recwarn):
    source = Grid(pyproj.CRS(32632), 0.0, 8_000_000.0, 10_000.0, 10_000.0, 100, 100)
    target = Grid(pyproj.CRS(4326), -180.0, 90.0, 1.0, 1.0, 180, 360)
    _, valid = resampled(source, target, np.ones((100, 100)))
    assert 0 < valid.sum() < 500
    assert not valid[:, :100].any()
    assert not recwarn.list


@pytest.mark.parametrize('crs', [4326, 32616, 3857, 3031])
def test_windows_equal_the_whole_bit_for_bit_wherever_they_are_cut(crs):
    target = replace(TARGET, rows=150, cols=170)
    source = around(target, pyproj.CRS(crs), 1 / 7200 if crs == 4326 else 13.0)
    rng = np.random.default_rng(0)
    read = reader(rng.normal(size=source.shape), rng.random(source.shape) > 0.05)
    resampler = Resampler(source, target)
    whole = resampler.part(read, target.window, [Kind.CONTINUOUS])
    for window in (Window(0, 0, 1, 170), Window(31, 63, 33, 2), Window(77, 5, 73, 165)):
        part = resampler.part(read, window, [Kind.CONTINUOUS])
        for a, b in zip(part, whole, strict=True):
            assert np.array_equal(a, b[:, *window.slices])


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    west=st.floats(-3, 3),
    north=st.floats(-3, 3),
    pixel=st.floats(0.3, 1.4),
)
def test_any_grid_of_the_same_crs_equals_scipys_bilinear(seed, west, north, pixel):
    from scipy import ndimage

    crs = pyproj.CRS(32617)
    source = Grid(crs, 0.0, 0.0, 1.0, 1.0, 12, 14)
    target = Grid(crs, 4 + west, -4 + north, pixel, pixel, 7, 8)
    values = np.random.default_rng(seed).normal(size=source.shape)
    rows = (-north + 4 + (np.arange(7) + 0.5) * pixel) - 0.5
    cols = (4 + west + (np.arange(8) + 0.5) * pixel) - 0.5
    at = np.meshgrid(rows, cols, indexing='ij')
    inside = (at[0] >= 0) & (at[0] <= 11) & (at[1] >= 0) & (at[1] <= 13)
    found, valid = resampled(source, target, values)
    assert valid[inside].all()
    expected = ndimage.map_coordinates(values, at, order=1)
    # grids as good as aligned are read as aligned: a thousandth of a pixel is not resampled
    assert found[inside] == pytest.approx(
        expected[inside], abs=1e-5 if abs(pixel - 1) > 1e-3 else 5e-3
    )


def test_the_same_grid_is_read_bit_for_bit():
    values = np.random.default_rng(0).normal(size=TARGET.shape).astype(np.float32)
    valid = values > -1
    found, ok = resampled(TARGET, TARGET, values, valid)
    assert np.array_equal(found, np.where(valid, values, 0))
    assert np.array_equal(ok, valid)


def test_rounding_of_an_origin_moves_no_pixel():
    values = np.random.default_rng(0).normal(size=TARGET.shape)
    source = replace(TARGET, west=TARGET.west + 1e-4, north=TARGET.north - 1e-4)
    assert np.array_equal(resampled(source, TARGET, values)[0], values.astype(np.float32))


def test_whole_pixels_apart_is_a_shift_and_outside_is_invalid():
    values = np.arange(TARGET.rows * TARGET.cols, dtype=np.float32).reshape(TARGET.shape)
    source = replace(TARGET, west=TARGET.west + 30, north=TARGET.north - 20)
    found, valid = resampled(source, TARGET, values)
    assert np.array_equal(found[2:, 3:], values[:-2, :-3])
    assert not valid[:2].any()
    assert not valid[:, :3].any()
    assert np.all(found[~valid] == 0)


def test_half_a_pixel_apart_is_the_mean_of_the_neighbours():
    values = np.random.default_rng(0).normal(size=TARGET.shape).astype(np.float32)
    source = replace(TARGET, west=TARGET.west - 5, north=TARGET.north + 5)
    found, _ = resampled(source, TARGET, values)
    expected = (values[:-1, :-1] + values[1:, :-1] + values[:-1, 1:] + values[1:, 1:]) / 4
    assert found[:-1, :-1] == pytest.approx(expected, abs=1e-5)


def test_a_shifted_layer_equals_scipys_bilinear():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(40, 50))
    source = Grid(UTM, 0.0, 480.0, 12.0, 12.0, 40, 50)  # ratio 10 / 12: bilinear
    target = Grid(UTM, 33.0, 401.0, 10.0, 10.0, 20, 30)
    east, north = centres(target)
    rows, cols = (480.0 - north) / 12 - 0.5, east / 12 - 0.5
    expected = ndimage.map_coordinates(values, [rows, cols], order=1)
    assert resampled(source, target, values)[0] == pytest.approx(expected, abs=1e-4)


def test_a_slightly_finer_source_is_not_blurred_by_the_warpers_scaling():
    values = np.zeros((40, 40))
    values[20, 20] = 1.0
    source = Grid(UTM, 0.0, 280.0, 7.0, 7.0, 40, 40)  # ratio 10 / 7 < 1.5: bilinear
    target = Grid(UTM, 7 * 20.5 - 5, 280 - 7 * 20.5 + 5, 10.0, 10.0, 1, 1)  # centred on the spike
    assert resampled(source, target, values)[0][0, 0] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize('factor', [2, 3, 4, 8])
def test_a_checkerboard_averages_to_its_mean(factor):
    fine = Grid(UTM, 0.0, 480.0, 1.0, 1.0, 48, 48)
    board = np.indices(fine.shape).sum(axis=0) % 2
    coarse = fine.coarser(factor)
    found, valid = resampled(fine, coarse, board)
    blocks = board.reshape(coarse.rows, factor, coarse.cols, factor).mean(axis=(1, 3))
    assert valid.all()
    assert found == pytest.approx(blocks, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    hnp.arrays(np.float32, (12, 12), elements=st.floats(-1e4, 1e4, width=32)),
    hnp.arrays(bool, (12, 12)),
    st.sampled_from([2, 3, 4]),
)
def test_averages_count_valid_pixels_only_and_need_half_of_them(values, valid, factor):
    fine = Grid(UTM, 0.0, 120.0, 10.0, 10.0, 12, 12)
    coarse = fine.coarser(factor)

    def blocks(array):
        return array.reshape(coarse.rows, factor, coarse.cols, factor).astype(float)

    count = blocks(valid).sum(axis=(1, 3))
    total = (blocks(values) * blocks(valid)).sum(axis=(1, 3))
    found, ok = resampled(fine, coarse, np.where(valid, values, 0), valid)
    assert np.array_equal(ok, count >= factor**2 / 2)
    assert found[ok] == pytest.approx((total[ok] / count[ok]), abs=0.01, rel=1e-5)
    assert np.all(found[~ok] == 0)


@settings(max_examples=30, deadline=None)
@given(
    valid=hnp.arrays(bool, (10, 10)),
    garbage=st.sampled_from([np.nan, np.inf, -3.4e38, 1e9]),
    shift=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
    pixel=st.sampled_from([4.0, 9.0, 10.0, 13.0, 30.0]),
    kind=st.sampled_from([Kind.CONTINUOUS, Kind.CATEGORICAL, Kind.AZIMUTH]),
)
def test_what_stands_under_invalid_pixels_changes_no_bit(valid, garbage, shift, pixel, kind):
    rng = np.random.default_rng(0)
    values = rng.uniform(10, 20, (10, 10)).astype(np.float32)
    source = Grid(UTM, shift[0], 100.0 + shift[1], 10.0, 10.0, 10, 10)
    target = Grid(UTM, -20.0, 120.0, pixel, pixel, 9, 9)
    clean = resampled(source, target, np.where(valid, values, 0), valid, kind)

    def read(window):
        return reader(np.where(valid, values, garbage), valid)(window)

    found, ok = Resampler(source, target).part(read, target.window, [kind])
    assert np.array_equal(ok[0], clean[1])
    assert np.array_equal(found[0], clean[0])
    assert np.all((found[ok] >= 10 - 1e-3) & (found[ok] <= 20 + 1e-3))


def test_a_bilinear_pixel_is_valid_where_half_of_the_weight_is():
    source = Grid(UTM, 0.0, 20.0, 10.0, 10.0, 2, 2)
    valid = np.array([[True, False], [True, False]])
    values = np.array([[7.0, 0.0], [7.0, 0.0]])
    for east, expected in ((2.0, True), (4.9, True), (5.1, False), (9.0, False)):
        target = Grid(UTM, east, 15.0, 10.0, 10.0, 1, 1)  # its centre moves from one to the other
        found, ok = resampled(source, target, values, valid)
        assert ok[0, 0] == expected
        assert found[0, 0] == pytest.approx(7.0 if expected else 0.0)


def test_a_hole_stays_a_hole_of_its_size_on_a_shifted_grid():
    source = replace(TARGET, west=TARGET.west - 4, north=TARGET.north + 4, rows=70, cols=90)
    valid = np.ones(source.shape, bool)
    valid[20:30, 40:55] = False
    _, ok = resampled(source, TARGET, np.ones(source.shape), valid)
    # 10 x 15, without the one corner of which the hole covers 0.6 x 0.6 of the weight
    assert (~ok).sum() == 149


def test_categories_are_never_mixed():
    source = around(TARGET, pyproj.CRS(4326), 1 / 5000)
    classes = np.random.default_rng(0).choice([3.0, 20.0], source.shape)
    found, valid = resampled(source, TARGET, classes, kind=Kind.CATEGORICAL)
    assert valid.all()
    assert set(np.unique(found)) == {3.0, 20.0}


def test_azimuths_around_north_do_not_average_to_south():
    fine = Grid(UTM, 0.0, 40.0, 10.0, 10.0, 4, 4)
    azimuth = np.tile([350.0, 10.0], (4, 2))
    found, valid = resampled(fine, fine.coarser(2), azimuth, kind=Kind.AZIMUTH)
    assert valid.all()
    assert np.minimum(found, 360 - found).max() < 1e-3


def test_azimuths_that_cancel_have_no_direction():
    fine = Grid(UTM, 0.0, 40.0, 10.0, 10.0, 4, 4)
    azimuth = np.tile([90.0, 270.0], (4, 2))
    assert not resampled(fine, fine.coarser(2), azimuth, kind=Kind.AZIMUTH)[1].any()


def test_a_hillshade_is_refused():
    with pytest.raises(InputError, match=r'hillshade cannot be resampled.*derive'):
        resampled(TARGET, TARGET, np.zeros(TARGET.shape), kind=Kind.LIT)


@pytest.mark.parametrize('pixel', [1 / 3600, 1 / 9000, 1 / 20_000])
def test_strips_equal_the_whole(pixel):
    source = around(TARGET, pyproj.CRS(4326), pixel)
    values = np.random.default_rng(0).normal(size=source.shape)
    valid = values > -1.5
    whole = resampled(source, TARGET, np.where(valid, values, 0), valid)
    resampler = Resampler(source, TARGET)
    read = reader(np.where(valid, values, 0), valid)
    parts = [resampler.part(read, s, [Kind.CONTINUOUS]) for s in row_strips(60, 80, 7)]
    found = np.concatenate([part[0][0] for part in parts])
    ok = np.concatenate([part[1][0] for part in parts])
    assert (ok != whole[1]).mean() < 1e-3  # weights of exactly one half may fall either way
    both = ok & whole[1]
    assert found[both] == pytest.approx(whole[0][both], abs=2e-3)  # 1e-4 of a pixel of noise


def test_a_source_window_too_large_for_the_memory_is_split(monkeypatch):
    source = around(TARGET, pyproj.CRS(32642), 2.0)
    values = np.random.default_rng(0).normal(size=source.shape)
    whole = resampled(source, TARGET, values)
    monkeypatch.setattr(resample, '_MAX_SOURCE_PIXELS', 2000)
    largest = 0

    def read(window):
        nonlocal largest
        largest = max(largest, window.height * window.width)
        return reader(values)(window)

    found, _ = Resampler(source, TARGET).part(read, TARGET.window, [Kind.CONTINUOUS])
    assert largest < 4000
    assert found[0] == pytest.approx(whole[0], abs=2e-3)


def test_a_window_over_the_targets_edge_reads_what_the_source_has_there():
    source = around(TARGET, pyproj.CRS(32642), 12.0)
    plane = plane_on(source, TARGET)
    wide = TARGET.window.grown(2)
    found, valid = Resampler(source, TARGET).part(reader(plane), wide, [Kind.CONTINUOUS])
    assert valid.all()
    assert found[0, 0, 0] == pytest.approx(-15 + 2 * 615, abs=0.02)


def test_far_away_layers_do_not_overlap_and_read_as_invalid():
    elsewhere = replace(TARGET, west=400_000.0)
    resampler = Resampler(elsewhere, replace(TARGET, crs=pyproj.CRS(32642)))
    assert not resampler.overlaps
    found, valid = resampler.part(reader(np.ones(TARGET.shape)), TARGET.window, [Kind.CONTINUOUS])
    assert not valid.any()
    assert not found.any()


def test_the_ratio_is_of_pixel_sides():
    assert Resampler(TARGET.coarser(4), TARGET).ratio == pytest.approx(0.25)
    degrees = around(TARGET, pyproj.CRS(4326), 1 / 3600)
    metres = (30.82 * 25.46) ** 0.5  # one second of latitude and of longitude at 34.3 degrees
    assert Resampler(degrees, TARGET).ratio == pytest.approx(10 / metres, rel=0.01)
