from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from rasterio import features
from scipy import ndimage

from fusionls.errors import InputError
from fusionls.geo.grid import Grid
from fusionls.inventory.vectorize import landslide_labels, landslide_polygons

shapes = array_shapes(min_dims=2, max_dims=2, max_side=12)
masks = shapes.flatmap(lambda shape: arrays(bool, shape))


def grid(shape, pixel=10.0):
    return Grid(pyproj.CRS.from_epsg(32617), 500000.0, 4e6, pixel, pixel, *shape)


def labels_of(probability, valid=None, threshold=0.5, min_pixels=1, fill_pixels=0):
    probability = np.asarray(probability, np.float32)
    valid = np.ones(probability.shape, bool) if valid is None else valid
    return landslide_labels(
        probability,
        valid,
        threshold=threshold,
        min_pixels=min_pixels,
        fill_pixels=fill_pixels,
    )


@settings(deadline=None)
@given(masks)
def test_polygons_rasterise_back_to_the_labels_they_came_from(mask):
    labels = labels_of(mask)
    polygons = landslide_polygons(labels, grid(mask.shape))
    assert len(polygons) == labels.max()
    assert all(polygon.is_valid for polygon in polygons)
    back = np.zeros(mask.shape, np.int32)
    if polygons:
        back = features.rasterize(
            [(polygon, i) for i, polygon in enumerate(polygons, start=1)],
            out_shape=mask.shape,
            transform=grid(mask.shape).transform,
            dtype='int32',
        )
    np.testing.assert_array_equal(back, labels)


@settings(deadline=None)
@given(masks)
def test_area_of_a_polygon_is_its_pixels_and_polygons_never_overlap(mask):
    labels = labels_of(mask)
    polygons = landslide_polygons(labels, grid(mask.shape))
    assert [p.area for p in polygons] == pytest.approx(np.bincount(labels.ravel())[1:] * 100.0)
    assert shapely.union_all(polygons).area == pytest.approx(mask.sum() * 100.0)


@given(masks, masks)
def test_invalid_pixels_are_never_landslide_whatever_stands_there(mask, valid):
    if mask.shape != valid.shape:
        valid = np.resize(valid, mask.shape)
    clean = labels_of(np.where(valid, mask, 0.0), valid, fill_pixels=3)
    dirty = labels_of(np.where(valid, mask, np.nan), valid, fill_pixels=3)
    np.testing.assert_array_equal(clean, dirty)
    np.testing.assert_array_equal(
        clean, labels_of(np.where(valid, mask, 1.0), valid, fill_pixels=3)
    )
    assert not clean[~valid].any()


@given(masks, st.integers(0, 12))
def test_filling_never_merges_takes_or_reaches_outside(mask, fill_pixels):
    before, after = labels_of(mask), labels_of(mask, fill_pixels=fill_pixels)
    np.testing.assert_array_equal(after[before > 0], before[before > 0])
    filled = (after > 0) & (before == 0)
    assert not filled[ndimage.binary_fill_holes(mask) ^ True].any()
    holes, count = ndimage.label(filled)
    assert all(np.sum(holes == hole) <= fill_pixels for hole in range(1, count + 1))


def ring(side):
    mask = np.ones((side + 2, side + 2))
    mask[1:-1, 1:-1] = 0
    return mask


def test_a_hole_is_filled_up_to_the_limit_and_kept_beyond():
    assert (labels_of(ring(2), fill_pixels=4) == 1).all()
    assert (labels_of(ring(2), fill_pixels=3) == ring(2)).all()


def test_a_hole_with_an_invalid_pixel_or_another_landslide_is_kept():
    valid = np.ones((4, 4), bool)
    valid[1, 1] = False
    assert not labels_of(ring(2), valid, fill_pixels=4)[1:3, 1:3].any()
    island = ring(3)
    island[2, 2] = 1
    labels = labels_of(island, fill_pixels=100)
    assert labels.max() == 2
    assert labels[1, 1] == 0


def test_specks_are_dropped_and_numbers_stay_without_a_gap():
    mask = np.zeros((3, 9))
    mask[0, 0] = 1
    mask[:, 2:4] = 1
    mask[2, 6:] = 1
    labels = labels_of(mask, min_pixels=3)
    assert set(np.unique(labels)) == {0, 1, 2}
    assert labels[0, 0] == 0
    assert labels[2, 8] == 2


def test_a_pixel_of_exactly_the_threshold_is_landslide():
    assert labels_of([[0.5, 0.49999]]).tolist() == [[1, 0]]


def test_pixels_that_touch_by_a_corner_are_parts_of_one_valid_multipolygon():
    (diagonal,) = landslide_polygons(labels_of(np.eye(3)), grid((3, 3)))
    assert len(diagonal.geoms) == 3
    assert diagonal.is_valid


def test_holes_that_touch_by_a_corner_make_a_valid_polygon():
    mask = np.ones((4, 4))
    mask[1, 1] = mask[2, 2] = 0
    (polygon,) = landslide_polygons(labels_of(mask), grid((4, 4)))
    assert polygon.is_valid
    assert polygon.area == 1400


@pytest.mark.parametrize('threshold', [0.0, -1.0, 1.5, float('nan')])
def test_a_threshold_that_is_no_probability_is_refused(threshold):
    with pytest.raises(InputError, match='threshold'):
        labels_of(np.ones((2, 2)), threshold=threshold)
