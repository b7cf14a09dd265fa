"""What every ground filter must do, whatever its method."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from fusionls.errors import InputError, PointCloudError
from fusionls.layers.lidar.bare_earth import is_ground
from fusionls.layers.lidar.ground_filters import GROUND_FILTERS, ground_filter

SIDE = 70
needs_csf = pytest.mark.skipif(
    importlib.util.find_spec('CSF') is None, reason='needs cloth-simulation-filter'
)
EVERY = [pytest.param(name, marks=needs_csf if name == 'cloth' else ()) for name in GROUND_FILTERS]


def ground(slope=0.0):
    rows, cols = np.mgrid[:SIDE, :SIDE]
    return (500 + slope * (0.8 * cols - 0.6 * rows)).astype(np.float32)


@pytest.mark.parametrize('name', EVERY)
def test_boxes_come_off_a_plane_and_the_plane_stays(name, with_boxes):
    surface, boxes = with_boxes(ground())
    found = ground_filter(name).bare_earth(surface, np.ones(surface.shape, bool), 1.0)
    assert not found.ground[boxes].any()
    assert found.ground[~boxes].mean() > 0.97
    assert np.abs(found.elevation - ground()).max() < 1e-3


@pytest.mark.parametrize('name', EVERY)
def test_the_unit_of_the_cells_is_metres(name, with_boxes):
    # twice the cells across, half as large: the same boxes
    surface, boxes = with_boxes(ground())
    fine = np.kron(surface, np.ones((2, 2), np.float32))
    found = ground_filter(name).bare_earth(fine, np.ones(fine.shape, bool), 0.5)
    assert np.abs(found.elevation - 500).max() < 1e-3
    assert not found.ground[np.kron(boxes, np.ones((2, 2), bool))].any()


@pytest.mark.parametrize('name', EVERY)
def test_height_above_the_sea_changes_nothing(name, with_boxes):
    surface, _ = with_boxes(ground(0.3))
    everywhere = np.ones(surface.shape, bool)
    low = ground_filter(name).bare_earth(surface - 500, everywhere, 1.0)
    high = ground_filter(name).bare_earth(surface, everywhere, 1.0)
    assert (low.ground == high.ground).mean() > 0.999
    assert high.elevation - 500 == pytest.approx(low.elevation, abs=2e-3)


@pytest.mark.parametrize('name', EVERY)
def test_what_stands_in_void_cells_changes_no_bit(name, with_boxes):
    rng = np.random.default_rng(0)
    surface, _ = with_boxes(ground(0.2))
    valid = rng.random(surface.shape) < 0.7
    one = ground_filter(name).bare_earth(np.where(valid, surface, np.nan), valid, 1.0)
    other = ground_filter(name).bare_earth(np.where(valid, surface, 1e9), valid, 1.0)
    for field in ('elevation', 'tolerance', 'ground'):
        assert np.array_equal(getattr(one, field), getattr(other, field))
    assert not one.ground[~valid].any()
    assert np.isfinite(one.elevation).all()


@pytest.mark.parametrize('name', EVERY)
def test_a_point_far_below_makes_no_hole(name, with_boxes):
    surface, boxes = with_boxes(ground())
    surface[25, 25] -= 30
    found = ground_filter(name).bare_earth(surface, np.ones(surface.shape, bool), 1.0)
    assert not found.ground[25, 25]
    assert found.ground[~boxes].mean() > 0.97
    assert np.abs(found.elevation - 500).max() < 1e-3


@pytest.mark.parametrize('name', EVERY)
def test_a_cloud_without_points_is_refused(name):
    nothing = np.zeros((5, 5), np.float32)
    with pytest.raises(PointCloudError, match='no cell holds a point'):
        ground_filter(name).bare_earth(nothing, np.zeros((5, 5), bool), 1.0)
    with pytest.raises(ValueError, match='pixel must be > 0 m, got 0'):
        ground_filter(name).bare_earth(nothing, np.ones((5, 5), bool), 0)


@pytest.mark.parametrize('name', EVERY)
@pytest.mark.parametrize('shape', [(1, 1), (1, 30), (2, 3), (40, 1)])
def test_small_and_narrow_grids_do(name, shape):
    surface = np.full(shape, 7.0, np.float32)
    found = ground_filter(name).bare_earth(surface, np.ones(shape, bool), 1.0)
    assert found.elevation == pytest.approx(surface)
    rows, cols = np.array([shape[0] / 2]), np.array([shape[1] / 2])
    assert is_ground(rows, cols, np.array([7.1]), found).all()


def test_progressive_windows_grow_whatever_the_base(with_boxes):
    surface, boxes = with_boxes(ground())
    everywhere = np.ones(surface.shape, bool)
    slow = ground_filter('progressive', base=0.5, slope=0.1).bare_earth(surface, everywhere, 1.0)
    assert not slow.ground[boxes].any()


def test_unknown_filters_and_options_name_their_neighbours():
    with pytest.raises(InputError, match=r"'adaptiv' is unknown; did you mean adaptive\?"):
        ground_filter('adaptiv')
    with pytest.raises(InputError, match='2 problems') as caught:
        ground_filter('window_slope', slop=1.0, windows=(3.0, -1.0))
    assert "option 'slop' is unknown; did you mean slope, per_slope?" in str(caught.value)
    assert "'windows' is (3.0, -1.0), expected numbers > 0" in str(caught.value)


def test_cloth_without_its_package_names_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, 'CSF', None)
    surface = ground()
    with pytest.raises(InputError, match='pip install cloth-simulation-filter'):
        ground_filter('cloth').bare_earth(surface, np.ones(surface.shape, bool), 1.0)
