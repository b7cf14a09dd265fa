from __future__ import annotations

import numpy as np
import pytest

from fusionls.layers.lidar.ground_filters import ground_filter

SIDE = 90
ROWS, COLS = np.mgrid[:SIDE, :SIDE].astype(np.float32)
EVERYWHERE = np.ones((SIDE, SIDE), bool)


@pytest.mark.parametrize('slope', [0.0, 0.3, 0.6, 1.0, 1.5])
@pytest.mark.parametrize('azimuth', [0, 37, 225])
def test_boxes_come_off_a_hillside_as_steep_as_may_be(slope, azimuth, with_boxes):
    turn = np.radians(azimuth)
    plane = (2000 + slope * (COLS * np.sin(turn) - ROWS * np.cos(turn))).astype(np.float32)
    raised, boxes = with_boxes(plane)
    found = ground_filter().bare_earth(raised, EVERYWHERE, 1.0)
    assert not found.ground[boxes].any()
    assert found.ground[~boxes].all()
    assert np.abs(found.elevation - plane).max() < 0.01 + 0.15 * slope
    flat = ground_filter().bare_earth(with_boxes(np.full_like(plane, 2000))[0], EVERYWHERE, 1.0)
    assert np.array_equal(found.ground, flat.ground)


@pytest.mark.parametrize(
    ('ground', 'kept', 'most'),
    [
        pytest.param(2 * np.floor(COLS / 12), 1.0, 1e-3, id='terraces of 2 m'),
        pytest.param(5 * np.floor(COLS[:, :84] / 12), 1.0, 1e-3, id='terraces of 5 m'),
        pytest.param(-0.6 * np.hypot(COLS - 45, 5), 1.0, 1e-3, id='a rounded crest'),
        # what is lost: a cell of the upper edge, a knife's edge, two cells at the rim of the grid
        pytest.param(0.5 * COLS + 6 * (COLS > 45), 0.98, 3.1, id='a scarp of 6 m'),
        pytest.param(-0.8 * np.abs(COLS - 45), 0.94, 2.7, id='a crest of 103 degrees'),
        pytest.param(8 * np.cos((COLS - 45) / 12), 0.95, 1.5, id='waves'),
    ],
)
def test_ground_stays_whatever_its_form(ground, kept, most):
    surface = ground.astype(np.float32)
    found = ground_filter().bare_earth(surface, np.ones(surface.shape, bool), 1.0)
    assert found.ground.mean() >= kept
    assert np.abs(found.elevation - surface).max() < most


def test_a_forest_with_few_points_on_the_ground_leaves_its_hillside():
    rng = np.random.default_rng(0)
    hill = (0.7 * COLS + 4 * np.sin(ROWS / 15)).astype(np.float32)
    canopy = rng.random(hill.shape) < 0.7
    raised = hill + np.where(canopy, rng.uniform(4, 25, hill.shape), 0).astype(np.float32)
    found = ground_filter().bare_earth(raised, EVERYWHERE, 1.0)
    error = found.elevation - hill
    # no neighbour of most ground points is on the ground, which makes them no outliers
    assert found.ground[canopy].mean() < 0.001
    assert found.ground[~canopy].mean() > 0.999
    assert np.sqrt((error**2).mean()) < 0.05
