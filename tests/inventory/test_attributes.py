from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from fusionls.geo.grid import Grid
from fusionls.inventory.attributes import (
    probability_attributes,
    shape_attributes,
    stack_attributes,
)
from fusionls.stack.store import ModalityArrays, write_stack

UTM = pyproj.CRS.from_epsg(32617)
PIXEL = 10.0


def plane(rows, cols, pixel, slope, aspect):
    """A plane of a slope (degrees) that faces an aspect (degrees from north)."""
    row, col = np.mgrid[:rows, :cols]
    east, north = (col + 0.5) * pixel, -(row + 0.5) * pixel
    fall = np.sin(np.radians(aspect)) * east + np.cos(np.radians(aspect)) * north
    return 5000 - np.tan(np.radians(slope)) * fall


def stack_of(folder, rows, cols, **modalities):
    grid = Grid(UTM, 500000.0, 4000000.0, PIXEL, PIXEL, rows, cols)
    return write_stack(folder, grid, modalities)


def everywhere(values, layers, factor=1, valid=None):
    values = np.atleast_3d(np.asarray(values, np.float32).T).T
    return ModalityArrays(
        values, np.ones(values.shape[1:], bool) if valid is None else valid, layers, factor
    )


@given(st.floats(1, 500), st.floats(1, 500), st.floats(0, 180), st.sampled_from([1.0, 0.3048]))
def test_a_rotated_rectangle_has_the_length_and_width_it_was_made_with(a, b, angle, metres):
    box = shapely.affinity.rotate(shapely.box(0, 0, a, b), angle)
    found = shape_attributes([shapely.MultiPolygon([box])], metres)
    assert found['length_m'][0] == pytest.approx(max(a, b) * metres, rel=1e-6)
    assert found['width_m'][0] == pytest.approx(min(a, b) * metres, rel=1e-6)
    assert found['area_m2'][0] == pytest.approx(a * b * metres**2, rel=1e-9)
    assert found['perimeter_m'][0] == pytest.approx(2 * (a + b) * metres, rel=1e-9)


def test_no_polygon_has_no_shape():
    assert all(len(column) == 0 for column in shape_attributes([], 1.0).values())


def test_probability_of_each_label_is_over_its_own_pixels():
    labels = np.array([[1, 1, 0], [0, 2, 2]], np.int32)
    probability = np.array([[0.5, 1.0, 0.1], [0.2, 0.6, 0.8]], np.float32)
    found = probability_attributes(labels, probability)
    np.testing.assert_allclose(found['probability_mean'], [0.75, 0.7], rtol=1e-6)
    np.testing.assert_allclose(found['probability_max'], [1.0, 0.8], rtol=1e-6)


@pytest.mark.parametrize('factor', [1, 4])
@pytest.mark.parametrize(('slope', 'aspect'), [(30, 0), (12, 90), (45, 200), (5, 315)])
def test_a_plane_has_its_slope_aspect_and_relief(tmp_path, factor, slope, aspect):
    rows, cols = 48, 64
    heights = plane(rows // factor, cols // factor, PIXEL * factor, slope, aspect)
    stack = stack_of(
        tmp_path / 's', rows, cols, terrain=everywhere(heights, ['terrain_elevation'], factor)
    )
    labels = np.zeros((rows, cols), np.int32)
    labels[8:24, 16:40] = 1
    found = stack_attributes(labels, stack)
    assert found['slope_mean_degrees'][0] == pytest.approx(slope, abs=0.01)
    assert found['aspect_degrees'][0] == pytest.approx(aspect, abs=0.01)
    height, width = (16 / factor - 1) * PIXEL * factor, (24 / factor - 1) * PIXEL * factor
    direction = np.radians(aspect)
    across = abs(np.sin(direction)) * width + abs(np.cos(direction)) * height
    assert found['relief_m'][0] == pytest.approx(np.tan(np.radians(slope)) * across, rel=1e-3)


def test_a_slope_layer_is_taken_as_it_is(tmp_path):
    layers = np.stack([plane(16, 16, PIXEL, 30, 0), np.full((16, 16), 7.0)])
    stack = stack_of(
        tmp_path / 's', 16, 16, terrain=everywhere(layers, ['terrain_elevation', 'terrain_slope'])
    )
    labels = np.ones((16, 16), np.int32)
    assert stack_attributes(labels, stack)['slope_mean_degrees'][0] == 7


def test_a_landslide_over_many_strips_has_the_same_ground_as_one_in_one(tmp_path):
    rows, cols = 600, 8
    stack = stack_of(
        tmp_path / 's',
        rows,
        cols,
        terrain=everywhere(plane(rows, cols, PIXEL, 20, 180), ['terrain_elevation']),
    )
    labels = np.zeros((rows, cols), np.int32)
    labels[1:-1, 1:-1] = 1
    found = stack_attributes(labels, stack)
    assert found['slope_mean_degrees'][0] == pytest.approx(20, abs=0.01)
    assert found['relief_m'][0] == pytest.approx(np.tan(np.radians(20)) * 597 * PIXEL, rel=1e-3)


def test_flat_ground_and_slopes_that_cancel_face_nowhere(tmp_path):
    ground = plane(16, 40, PIXEL, 20, 0)
    ground[8:] = ground[7::-1]  # a valley: the lower half faces the upper one
    ground[:, :20] = 100.0
    stack = stack_of(tmp_path / 's', 16, 40, terrain=everywhere(ground, ['terrain_elevation']))
    labels = np.zeros((16, 40), np.int32)
    labels[4:12, 4:12], labels[4:12, 26:34], labels[1:5, 36:39] = 1, 2, 3
    found = stack_attributes(labels, stack)['aspect_degrees']
    assert np.isnan(found[:2]).all()
    assert found[2] == pytest.approx(0, abs=0.1)


def test_aspects_on_both_sides_of_north_average_to_north(tmp_path):
    roof = np.concatenate([plane(16, 16, PIXEL, 20, 350), plane(16, 16, PIXEL, 20, 10)], axis=1)
    stack = stack_of(tmp_path / 's', 16, 32, terrain=everywhere(roof, ['terrain_elevation']))
    labels = np.zeros((16, 32), np.int32)
    labels[2:-2, 2:14] = labels[2:-2, 18:30] = 1
    found = stack_attributes(labels, stack)['aspect_degrees'][0]
    assert min(found, 360 - found) < 0.1


def test_lidar_stands_in_where_terrain_is_invalid(tmp_path):
    shape = (16, 32)
    half = np.zeros(shape, bool)
    half[:, 16:] = True
    stack = stack_of(
        tmp_path / 's',
        *shape,
        terrain=everywhere(plane(*shape, PIXEL, 30, 0), ['terrain_elevation'], valid=half),
        lidar=everywhere(plane(*shape, PIXEL, 10, 180), ['lidar_ground']),
    )
    labels = np.zeros(shape, np.int32)
    labels[4:12, 4:12], labels[4:12, 20:28] = 1, 2
    found = stack_attributes(labels, stack)
    np.testing.assert_allclose(found['slope_mean_degrees'], [10, 30], atol=0.02)
    np.testing.assert_allclose(found['aspect_degrees'] % 359.999, [180, 0], atol=0.1)


def test_velocity_is_the_median_over_valid_pixels_of_the_look_that_moves_most(tmp_path):
    shape = (8, 12)
    ascending = np.full(shape, -0.010, np.float32)
    ascending[0, 0] = -5.0
    descending = np.full(shape, 0.002, np.float32)
    descending[:, 8:] = 0.04
    seen = np.ones(shape, bool)
    seen[2:4, 4:8] = False
    stack = stack_of(
        tmp_path / 's',
        *shape,
        insar=everywhere(
            np.stack([ascending, descending]),
            ['insar_velocity_los_asc', 'insar_velocity_los_desc'],
            valid=seen,
        ),
    )
    labels = np.zeros(shape, np.int32)
    labels[:2, :4], labels[2:4, 4:8], labels[:, 9:] = 1, 2, 3
    found = stack_attributes(labels, stack)
    np.testing.assert_allclose(found['velocity_los_m_per_yr'], [-0.010, np.nan, 0.04], rtol=1e-6)
    assert found['velocity_layer'] == ['insar_velocity_los_asc', None, 'insar_velocity_los_desc']


def test_shares_count_a_coarse_pixel_by_the_part_a_landslide_covers(tmp_path):
    coarse = np.zeros((2, 4), bool)
    coarse[0, 0] = True
    fine = np.ones((8, 16), bool)
    fine[:, 0] = False
    stack = stack_of(
        tmp_path / 's',
        8,
        16,
        optical=everywhere(np.ones((8, 16)), ['optical_grey'], valid=fine),
        insar=everywhere(np.ones((2, 4)), ['insar_velocity_los'], 4, valid=coarse),
    )
    labels = np.zeros((8, 16), np.int32)
    labels[0, 0:6] = 1
    found = stack_attributes(labels, stack)
    assert found['valid_share_insar'][0] == pytest.approx(4 / 6)
    assert found['valid_share_optical'][0] == pytest.approx(5 / 6)


def test_no_landslide_has_no_attributes(tmp_path):
    stack = stack_of(tmp_path / 's', 8, 8, optical=everywhere(np.ones((8, 8)), ['optical_grey']))
    found = stack_attributes(np.zeros((8, 8), np.int32), stack)
    assert all(len(column) == 0 for column in found.values())
    assert 'valid_share_optical' in found
