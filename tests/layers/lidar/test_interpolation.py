from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.layers.lidar.interpolation import filled, smoothed


def plane(rows, cols, down=2.0, along=-1.0):
    row, col = np.mgrid[:rows, :cols]
    return (5 + down * row + along * col).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 23), st.integers(1, 23)),
    share=st.floats(0.01, 1),
    seed=st.integers(0, 999),
)
def test_known_cells_stay_and_the_others_lie_between_them(shape, share, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=shape).astype(np.float32)
    valid = rng.random(shape) < share
    valid[rng.integers(shape[0]), rng.integers(shape[1])] = True
    found = filled(np.where(valid, values, np.nan), valid)
    assert np.array_equal(found[valid], values[valid])
    low, high = values[valid].min(), values[valid].max()
    assert (found >= low - 1e-5).all()
    assert (found <= high + 1e-5).all()


def test_a_hole_in_a_plane_is_closed_by_the_plane():
    values = plane(64, 64)
    valid = np.ones(values.shape, bool)
    valid[20:32, 24:36] = False
    error = (filled(values, valid) - values)[~valid]
    assert np.abs(error).max() < np.hypot(2, 1)  # less than a cell's rise, of 26 m in all


def test_nothing_cannot_be_filled():
    with pytest.raises(ValueError, match='no cell is valid'):
        filled(np.zeros((3, 3), np.float32), np.zeros((3, 3), bool))


@pytest.mark.parametrize('sigma', [0.1, 1, 3, 20])
@pytest.mark.parametrize('shape', [(30, 40), (2, 5), (1, 9)])
def test_a_plane_stays_one_when_smoothed(sigma, shape):
    assert smoothed(plane(*shape), sigma) == pytest.approx(plane(*shape), abs=2e-3)


@pytest.mark.parametrize('sigma', [2.0, 5.0])
def test_smoothing_spreads_a_point_as_a_gaussian_does(sigma):
    values = np.zeros((101, 101), np.float32)
    values[50, 50] = 1
    found = smoothed(values, sigma)
    at = np.arange(101) - 50
    assert found.sum() == pytest.approx(1, abs=1e-4)
    assert (found.sum(1) * at).sum() == pytest.approx(0, abs=1e-3)
    assert np.sqrt((found.sum(1) * at**2).sum()) == pytest.approx(sigma, rel=0.15)
