from __future__ import annotations

import numpy as np

from fusionls.layers.terrain.angle import degrees_of


def test_angles_are_those_of_the_arctangent_to_a_hundred_thousandth_of_a_degree():
    angles = np.linspace(0, 89.9, 100_000)
    squared = (np.tan(np.radians(angles)) ** 2).astype(np.float32)
    exact = np.degrees(np.arctan(np.sqrt(squared.astype(np.float64))))
    assert np.abs(degrees_of(squared) - exact).max() < 2e-5
    low = exact < 45
    assert np.abs(degrees_of(squared) - exact)[low].max() < 1e-5


def test_flat_is_exactly_zero_and_small_slopes_keep_their_digits():
    assert degrees_of(np.zeros(3, np.float32)).tolist() == [0, 0, 0]
    small = np.float32([1e-12, 1e-8, 1e-4])
    exact = np.degrees(np.arctan(np.sqrt(small.astype(np.float64))))
    assert np.allclose(degrees_of(small), exact, rtol=3e-7, atol=0)


def test_a_wall_is_below_90_degrees_and_angles_rise():
    squared = np.float32(np.append(np.geomspace(1e-6, 1e9, 5000), np.inf))
    found = degrees_of(squared)
    assert found.max() <= 90
    assert (np.diff(found) > -1e-5).all()
