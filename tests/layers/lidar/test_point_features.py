from __future__ import annotations

import numpy as np
import pytest

from fusionls.layers.lidar import point_features
from fusionls.layers.lidar.point_features import normals, open3d_module, outliers


@pytest.fixture(params=['scipy', 'open3d'])
def either(request, monkeypatch):
    """Both ways; open3d only where it can be imported."""
    if request.param == 'scipy':
        monkeypatch.setattr(point_features, 'open3d_module', lambda: None)
    elif open3d_module() is None:
        pytest.skip('open3d is not installed: pip install open3d')


def sheet(slope_east, slope_north, count=3000, noise=0.0):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 40, (2, count))
    z = slope_east * x + slope_north * y + noise * rng.normal(size=count)
    return np.stack([x, y, z], 1)


@pytest.mark.parametrize(('east', 'north'), [(0.0, 0.0), (0.5, 0.0), (-0.7, 1.2)])
def test_normals_of_a_plane_point_up_and_away_from_the_slope(either, east, north):
    expected = np.array([-east, -north, 1]) / np.sqrt(1 + east**2 + north**2)
    assert normals(sheet(east, north)) == pytest.approx(np.tile(expected, (3000, 1)), abs=1e-6)


def test_batches_do_not_change_the_normals(monkeypatch):
    monkeypatch.setattr(point_features, 'open3d_module', lambda: None)
    points = sheet(0.3, 0.1, noise=0.1)
    whole = normals(points)
    monkeypatch.setattr(point_features, '_BATCH', 700)
    assert np.array_equal(normals(points), whole)


def test_lone_points_are_outliers_and_the_sheet_is_not(either):
    points = sheet(0.4, 0.0, noise=0.05)
    lone = np.array([[20.0, 20.0, 60.0], [10.0, 30.0, -40.0]])
    found = outliers(np.concatenate([points, lone]))
    assert found[-2:].all()
    assert found[:-2].mean() < 0.001


def test_open3d_and_scipy_find_the_same_outliers():
    if open3d_module() is None:
        pytest.skip('open3d is not installed: pip install open3d')
    points = np.concatenate([sheet(0.4, 0.0, noise=0.3), sheet(0, 0, 20) + np.array([0, 0, 25])])
    by_tree = point_features._outliers_by_tree(points, 16, 2.0)
    assert np.array_equal(outliers(points, 16, 2.0), by_tree)


@pytest.mark.parametrize('count', [0, 1, 16])
def test_few_points_hold_no_outlier(count):
    assert not outliers(np.random.default_rng(0).normal(size=(count, 3))).any()
