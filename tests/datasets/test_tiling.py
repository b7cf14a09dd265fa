"""Tiles cover the grid."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fusionls.datasets.tiling import tile_windows

sides = st.integers(1, 90)


@given(shape=st.tuples(sides, sides), tile=st.integers(1, 40), step=st.integers(1, 40))
def test_every_pixel_is_in_a_tile_where_tiles_are_no_smaller_than_their_step(shape, tile, step):
    covered = np.zeros(shape, int)
    windows = tile_windows(shape, tile, min(step, tile))
    for window in windows:
        assert (window.height, window.width) == (tile, tile)
        assert 0 <= window.row < shape[0]
        assert 0 <= window.col < shape[1]
        covered[window.slices] += 1
    assert covered.min() >= 1
    assert len(set(windows)) == len(windows)


@given(shape=st.tuples(sides, sides), tile=st.integers(1, 40))
def test_tiles_side_by_side_hold_every_pixel_once(shape, tile):
    covered = np.zeros(shape, int)
    for window in tile_windows(shape, tile):
        covered[window.slices] += 1
    assert (covered == 1).all()
