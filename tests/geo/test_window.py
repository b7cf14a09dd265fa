from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.geo.window import Window, row_strips

small = st.integers(-50, 50)
size = st.integers(1, 50)
windows = st.builds(Window, small, small, size, size)


def pixels(window: Window | None) -> set[tuple[int, int]]:
    if window is None:
        return set()
    rows = range(window.row, window.row + window.height)
    return {(r, c) for r in rows for c in range(window.col, window.col + window.width)}


@given(windows, windows)
def test_the_intersection_holds_the_common_pixels(a, b):
    assert pixels(a.intersection(b)) == pixels(a) & pixels(b)


@given(windows, st.integers(1, 8))
def test_shrinking_undoes_scaling(window, factor):
    scaled = Window(
        window.row * factor, window.col * factor, window.height * factor, window.width * factor
    )
    assert scaled.shrunk(factor) == window


@pytest.mark.parametrize('window', [(1, 0, 4, 4), (0, 2, 4, 4), (0, 0, 6, 4), (0, 0, 4, 5)])
def test_an_edge_inside_a_coarse_pixel_is_refused(window):
    with pytest.raises(ValueError, match='multiples of 4'):
        Window(*window).shrunk(4)


@pytest.mark.parametrize('size', [(0, 1), (1, 0), (-1, 1)])
def test_an_empty_window_is_refused(size):
    with pytest.raises(ValueError, match='> 0'):
        Window(0, 0, *size)


@given(windows, st.integers(0, 9))
def test_growing_adds_a_margin_on_each_side(window, margin):
    grown = window.grown(margin)
    assert (grown.row + margin, grown.height - 2 * margin) == (window.row, window.height)
    assert (grown.col + margin, grown.width - 2 * margin) == (window.col, window.width)


@given(st.integers(1, 100), st.integers(1, 20), st.integers(1, 30))
def test_strips_cover_every_pixel_once(rows, cols, height):
    strips = list(row_strips(rows, cols, height))
    covered = [pixel for strip in strips for pixel in sorted(pixels(strip))]
    assert covered == sorted(pixels(Window(0, 0, rows, cols)))
