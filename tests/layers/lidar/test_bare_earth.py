from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from fusionls.layers.lidar.bare_earth import BareEarth, is_ground


def test_a_point_is_ground_within_the_tolerance_of_the_surface_between_cells():
    rng = np.random.default_rng(0)
    elevation = rng.normal(size=(9, 12)).astype(np.float32)
    bare = BareEarth(elevation, np.full((9, 12), 0.5, np.float32), np.ones((9, 12), bool))
    rows, cols = rng.uniform(0, 9, 500), rng.uniform(0, 12, 500)
    surface = ndimage.map_coordinates(elevation, [rows - 0.5, cols - 0.5], order=1, mode='nearest')
    for offset, expected in ((0.49, True), (-0.49, True), (0.51, False), (-0.51, False)):
        assert (is_ground(rows, cols, surface + offset, bare) == expected).all()


@pytest.mark.parametrize('shape', [(1, 1), (1, 4), (4, 1)])
def test_grids_of_one_row_or_column_do(shape):
    bare = BareEarth(
        np.full(shape, 3.0, np.float32), np.ones(shape, np.float32), np.ones(shape, bool)
    )
    corner = np.array([0.0, shape[0]]), np.array([0.0, shape[1]])
    assert is_ground(*corner, np.array([3.9, 4.1]), bare).tolist() == [True, False]
