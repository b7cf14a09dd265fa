from __future__ import annotations

import geopandas
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.errors import CrsMissingError, LabelError
from fusionls.geo.grid import Grid
from fusionls.geo.window import Window
from fusionls.sources import LabelRaster, MappedArea, MappedLandslides

CRS = pyproj.CRS(32617)
GRID = Grid(CRS, 0.0, 100.0, 10.0, 10.0, 10, 12)


def mapped(*shapes):
    return MappedLandslides(geopandas.GeoDataFrame(geometry=list(shapes), crs=CRS))


def test_a_pixel_is_a_landslide_where_its_centre_is_inside():
    labels = mapped(shapely.box(16, 16, 44, 33)).labels(GRID)
    expected = np.zeros(GRID.shape, np.uint8)
    expected[7, 2:4] = 1  # centres at 25 and 35 east, 25 north
    assert np.array_equal(labels, expected)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 119), st.floats(0, 99), st.floats(0.01, 4))
def test_a_landslide_smaller_than_a_pixel_is_never_lost(east, north, size):
    shape = shapely.box(east, north, min(east + size, 120), min(north + size, 100))
    labels = mapped(shape).labels(GRID)
    assert 1 <= labels.sum() <= 4
    row, col = np.argwhere(labels)[0]
    pixel = shapely.box(col * 10, 90 - row * 10, col * 10 + 10, 100 - row * 10)
    assert pixel.intersects(shape)


def test_windows_drawn_one_by_one_equal_the_whole():
    rng = np.random.default_rng(0)
    shapes = [
        shapely.Point(*rng.uniform(0, 120, 2)).buffer(rng.uniform(0.5, 15)) for _ in range(12)
    ]
    landslides = mapped(*shapes)
    parts = [
        np.hstack([landslides.labels(GRID.part(Window(r, c, 5, 4))) for c in (0, 4, 8)])
        for r in (0, 5)
    ]
    assert np.array_equal(np.vstack(parts), landslides.labels(GRID))


def test_a_hole_in_a_polygon_is_no_landslide():
    ring = shapely.box(0, 0, 120, 100).difference(shapely.box(40, 40, 80, 80))
    assert mapped(ring).labels(GRID).sum() == 120 - 16


def test_no_polygon_at_all_means_no_landslide():
    assert mapped().labels(GRID).sum() == 0


def test_polygons_in_another_crs_are_brought_to_the_grid(tmp_path):
    shape = shapely.box(500_016, 3_999_016, 500_044, 3_999_033)
    frame = geopandas.GeoDataFrame(geometry=[shape], crs=CRS)
    frame.to_crs(4326).to_file(tmp_path / 'a.gpkg')
    grid = Grid(CRS, 500_000.0, 3_999_100.0, 10.0, 10.0, 10, 12)
    found = MappedLandslides.open(tmp_path / 'a.gpkg', CRS).labels(grid)
    expected = mapped(shapely.box(16, 16, 44, 33)).labels(GRID)
    assert np.array_equal(found, expected)


def test_the_mapped_area_is_true_inside():
    area = MappedArea(geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 60, 100)], crs=CRS))
    assert np.array_equal(area.mask(GRID), np.tile(np.arange(12) < 6, (10, 1)))


MASK = np.array([[0, 1, 0], [1, 1, 0], [0, 0, 0]], np.uint8)


@pytest.mark.parametrize('nodata', [None, 0])
def test_a_nodata_of_0_is_background_and_not_unmapped(write_raster, nodata):
    mask = LabelRaster.open(write_raster('m.tif', MASK, nodata=nodata))
    assert np.array_equal(mask.labels(mask.grid), MASK)


def test_a_mask_of_255_is_a_mask(write_raster):
    mask = LabelRaster.open(write_raster('m.tif', MASK * 255))
    assert np.array_equal(mask.labels(mask.grid), MASK)


@pytest.mark.parametrize('nodata', [255, 7])
def test_another_nodata_is_unmapped(write_raster, nodata):
    values = MASK.copy()
    values[2] = nodata
    mask = LabelRaster.open(write_raster('m.tif', values, nodata=nodata))
    assert np.array_equal(mask.labels(mask.grid), np.where(values == nodata, 255, MASK))


def test_nan_is_unmapped(write_raster):
    values = MASK.astype(np.float32)
    values[0, 0] = np.nan
    mask = LabelRaster.open(write_raster('m.tif', values, nodata=float('nan')))
    labels = mask.labels(mask.grid)
    assert labels[0, 0] == 255
    assert np.array_equal(labels.ravel()[1:], MASK.ravel()[1:])


def test_outside_of_the_mask_nothing_is_mapped(write_raster):
    mask = LabelRaster.open(write_raster('m.tif', MASK))
    labels = mask.labels(mask.grid.part(Window(-1, -1, 5, 5)))
    assert np.array_equal(labels[1:4, 1:4], MASK)
    assert (labels == 255).sum() == 16


def test_a_mask_without_landslides_is_all_0(write_raster):
    mask = LabelRaster.open(write_raster('m.tif', MASK * 0))
    assert not mask.labels(mask.grid).any()


def test_classes_need_the_one_that_is_a_landslide(write_raster):
    path = write_raster('m.tif', np.array([[0, 1], [2, 3]], np.uint8))
    with pytest.raises(LabelError, match=r'm\.tif: holds 3 values beside 0 \(1, 2, 3\).*value: '):
        LabelRaster.open(path)
    mask = LabelRaster.open(path, value=2)
    assert mask.labels(mask.grid).tolist() == [[0, 0], [1, 0]]
    with pytest.raises(LabelError, match='holds no pixel of value 9'):
        LabelRaster.open(path, value=9)


def test_several_bands_are_no_mask(write_raster):
    with pytest.raises(LabelError, match='one band, this has 2'):
        LabelRaster.open(write_raster('m.tif', np.stack([MASK, MASK])))


def test_a_mask_without_crs_is_refused(write_raster):
    with pytest.raises(CrsMissingError, match=r'm\.tif'):
        LabelRaster.open(write_raster('m.tif', MASK, crs=None))


def test_each_landslide_is_drawn_for_itself_by_the_rule_of_all_together():
    rng = np.random.default_rng(1)
    shapes = [
        shapely.Point(*rng.uniform(-20, 140, 2)).buffer(rng.uniform(0.5, 25)) for _ in range(40)
    ]
    landslides = mapped(*shapes)
    masks, places = landslides.masks(GRID)
    np.testing.assert_array_equal(masks.any(0), landslides.labels(GRID) == 1)
    for mask, place in zip(masks, places, strict=True):
        np.testing.assert_array_equal(mask, mapped(shapes[place]).labels(GRID) == 1)
    unseen = set(range(40)) - set(places.tolist())
    assert unseen
    assert all(not mapped(shapes[i]).labels(GRID).any() for i in unseen)
