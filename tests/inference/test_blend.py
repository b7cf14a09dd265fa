from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.geo.window import Window
from fusionls.inference.blend import BandBlender, raised_cosine


@given(st.integers(1, 600), st.integers(0, 600))
def test_weights_are_above_zero_symmetric_and_at_most_one(side, overlap):
    weight = raised_cosine(side, overlap)
    assert weight.shape == (side,)
    assert (weight > 0).all()
    assert weight.max() <= 1
    np.testing.assert_array_equal(weight, weight[::-1])


@given(st.integers(1, 300), st.data())
def test_two_windows_sum_to_one_where_they_overlap(side, data):
    overlap = data.draw(st.integers(0, side // 2))
    weight = raised_cosine(side, overlap)
    total = weight[side - overlap :] + weight[:overlap]
    np.testing.assert_allclose(total, 1, atol=1e-12)


def test_the_profile_has_its_closed_form():
    np.testing.assert_allclose(
        raised_cosine(6, 2), np.sin(np.pi * np.array([1, 3, 4, 4, 3, 1]) / 8) ** 2
    )


def test_what_stands_under_invalid_pixels_reaches_no_pixel():
    blender = BandBlender(cols=4, side=4, overlap=2)
    probability = np.full((4, 4), 0.25, np.float32)
    valid = np.ones((4, 4), bool)
    probability[1, 2], valid[1, 2] = np.nan, False
    probability[3, 3], valid[3, 3] = np.inf, False
    blender.add(probability, valid, Window(0, 0, 4, 4))
    expected = np.where(valid, np.float32(0.25), np.nan)
    np.testing.assert_array_equal(blender.finish(4), expected)


def test_a_window_out_of_turn_is_refused():
    blender = BandBlender(cols=4, side=4, overlap=0)
    with pytest.raises(ValueError, match='first open row'):
        blender.add(np.zeros((4, 4), np.float32), np.ones((4, 4), bool), Window(2, 0, 4, 4))
