from __future__ import annotations

import numpy as np

from fusionls.layers.derivation import derive


def test_canopy_height_is_surface_minus_ground_where_both_are_valid():
    surface, ground = np.array([[12.0, 5.0, 7.0]]), np.array([[2.0, 5.5, 0.0]])
    above, below = np.array([[True, True, True]]), np.array([[True, True, False]])
    planes = {
        'lidar_surface': (surface.astype(np.float32), above),
        'lidar_ground': (ground.astype(np.float32), below),
    }
    height, valid = derive(planes, ['lidar_canopy_height'], 1.0)['lidar_canopy_height']
    assert height.tolist() == [[10.0, -0.5, 0.0]]
    assert np.array_equal(valid, below)
