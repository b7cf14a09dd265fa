from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.errors import InputError
from fusionls.inference.window_plan import plan


@st.composite
def plans(draw):
    multiple = draw(st.sampled_from([1, 2, 4, 8]))
    window = multiple * draw(st.integers(1, 12))
    overlap = draw(st.integers(0, window - multiple))
    shape = (draw(st.integers(1, 150)), draw(st.integers(1, 150)))
    return plan(shape, window, overlap, multiple), overlap, multiple


@given(plans())
def test_every_pixel_is_covered(case):
    windows, _, _ = case
    seen = np.zeros(windows.shape, bool)
    for band, _ in windows.bands():
        for window in band:
            seen[window.slices] = True
    assert seen.all()


@given(plans())
def test_windows_start_and_end_on_multiples(case):
    windows, _, multiple = case
    assert sum(len(band) for band, _ in windows.bands()) == len(windows)
    for band, _ in windows.bands():
        for window in band:
            window.shrunk(multiple)


@given(plans())
def test_neighbours_share_at_least_the_overlap(case):
    windows, overlap, _ = case
    for starts in (windows.row_starts, windows.col_starts):
        assert all(a < b <= a + windows.side - overlap for a, b in itertools.pairwise(starts))


@given(plans())
def test_no_window_hangs_over_by_a_whole_coarse_pixel_where_the_scene_is_larger(case):
    windows, _, multiple = case
    for starts, length in zip((windows.row_starts, windows.col_starts), windows.shape, strict=True):
        if length > windows.side:
            assert starts[-1] + windows.side - length < multiple


@given(plans())
def test_rows_above_a_band_end_are_never_reached_again(case):
    windows, _, _ = case
    bands = list(windows.bands())
    assert bands[-1][1] == windows.shape[0]
    for (_, end), (later, _) in itertools.pairwise(bands):
        assert all(window.row >= end for window in later)


def test_a_scene_smaller_than_a_window_is_one_window():
    assert len(plan((5, 7), window=64, overlap=16, multiple=1)) == 1


def test_a_window_off_the_coarse_grid_names_one_that_fits():
    with pytest.raises(InputError, match='use 248'):
        plan((100, 100), window=250, overlap=0, multiple=4)


@pytest.mark.parametrize('overlap', [61, 64, 100, -8])
def test_an_overlap_that_does_not_fit_names_the_range(overlap):
    with pytest.raises(InputError, match='from 0 to 60'):
        plan((100, 100), window=64, overlap=overlap, multiple=4)
