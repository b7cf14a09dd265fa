from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.layers.derivation import derive
from fusionls.layers.terrain.flow import FALL, catchment_area, filled_depressions

PIXEL = 5.0


def everywhere(dem):
    return np.ones(dem.shape, bool)


def area_of(dem, valid=None):
    return catchment_area(dem, everywhere(dem) if valid is None else valid, PIXEL)[0] / PIXEL**2


def test_on_a_plane_each_row_carries_the_rows_above_it():
    dem = np.repeat(np.arange(20, 0, -1.0, dtype=np.float32)[:, None] * 3, 9, axis=1)
    area = area_of(dem)
    # down the middle, cells that the sides do not reach gather one cell per row; the first row
    # lies at the rim and gives its water away
    assert area[1:5, 4] == pytest.approx([1, 2, 3, 4], rel=1e-4)


def test_a_gully_gathers_everything_and_hands_it_to_its_mouth():
    rows, cols = np.mgrid[:31, :21]
    dem = (np.abs(cols - 10) * 5.0 - rows * 0.5 + 100).astype(np.float32)
    area = area_of(dem)
    assert area[29, 10] == area[:30].max()
    assert area[29, 10] > 0.8 * 19 * 28
    assert (np.diff(area[2:30, 10]) > 0).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), holes=st.floats(0, 0.2))
def test_no_water_is_lost_or_made(seed, holes):
    rng = np.random.default_rng(seed)
    dem = rng.normal(0, 5, (14, 17)).cumsum(0).astype(np.float32)
    valid = rng.random(dem.shape) >= holes
    area = area_of(np.where(valid, dem, np.nan).astype(np.float32), valid)
    framed = np.pad(valid, 1)
    around = np.lib.stride_tricks.sliding_window_view(framed, (3, 3)).all((2, 3))
    sinks = valid & ~around  # the rim and the shores of voids take all water
    assert area[sinks].sum() == pytest.approx(valid.sum(), rel=1e-5)
    assert (area[valid] >= 1 - 1e-6).all()
    assert (area[~valid] == 0).all()


def test_a_pit_is_filled_to_its_lowest_outlet():
    dem = np.full((9, 9), 10, np.float32)
    dem[4, 4] = 2
    dem[4, 5:] = 7  # a channel from the pit to the rim
    level = filled_depressions(dem, everywhere(dem))
    assert level[4, 8] == 7
    assert level[4, 4] == pytest.approx(7 + 4 * FALL, abs=1e-9)
    assert (level >= dem).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_filled_ground_drains_from_every_cell_and_is_the_lowest_that_does(seed):
    import heapq

    dem = np.random.default_rng(seed).normal(0, 5, (11, 12)).astype(np.float32)
    level = filled_depressions(dem, everywhere(dem))
    # the priority flood from the rim, one cell at a time: an independent way to the same surface
    expected = np.full(dem.shape, np.inf)
    queue = []
    for row, col in np.ndindex(dem.shape):
        if row in (0, 10) or col in (0, 11):
            expected[row, col] = dem[row, col]
            heapq.heappush(queue, (expected[row, col], row, col))
    while queue:
        height, row, col = heapq.heappop(queue)
        if height > expected[row, col]:
            continue
        for r in range(max(row - 1, 0), min(row + 2, 11)):
            for c in range(max(col - 1, 0), min(col + 2, 12)):
                raised = max(float(dem[r, c]), height + FALL)
                if raised < expected[r, c]:
                    expected[r, c] = raised
                    heapq.heappush(queue, (raised, r, c))
    assert level == pytest.approx(expected, abs=1e-9)


def test_wetness_of_a_plane_is_that_of_its_formula():
    fall = np.tan(np.radians(10)) * PIXEL
    dem = np.repeat(-np.arange(30, dtype=np.float32)[:, None] * fall, 15, axis=1) + 500
    index, sound = derive({'terrain_elevation': (dem, everywhere(dem))}, ['terrain_twi'], PIXEL)[
        'terrain_twi'
    ]
    expected = np.log(3 * PIXEL / np.tan(np.radians(10)))
    assert sound[3, 7]
    assert index[3, 7] == pytest.approx(expected, abs=2e-3)
