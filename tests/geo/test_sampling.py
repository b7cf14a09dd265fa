"""Between the pixels: what each way of sampling reproduces exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.geo.sampling import Sampler

ROWS, COLS = 12, 15
numbers = st.floats(-1, 1)


def inner_positions(seed, count=50):
    rng = np.random.default_rng(seed)
    return rng.uniform(2, COLS - 2, (5, count)), rng.uniform(2, ROWS - 2, (5, count))


@given(terms=st.tuples(*[numbers] * 6), seed=st.integers(0, 10**6))
def test_cubic_convolution_is_exact_for_parabolas(terms, seed):
    a, b, c, d, e, f = terms

    def surface(x, y):
        return a + b * x + c * y + d * x * x + e * x * y + f * y * y

    y, x = np.mgrid[:ROWS, :COLS] + 0.5
    cols, rows = inner_positions(seed)
    found = Sampler(cols, rows, (ROWS, COLS)).cubic(surface(x, y).astype(np.float32))
    np.testing.assert_allclose(found, surface(cols, rows), atol=2e-4)


def test_cubic_convolution_errs_by_less_than_a_tenth_of_what_bilinear_does_on_waves():
    y, x = np.mgrid[:ROWS, :COLS] + 0.5
    wave = np.sin(x / 2) * np.cos(y / 2)
    cols, rows = inner_positions(0, 400)
    sampler = Sampler(cols, rows, (ROWS, COLS))
    truth = np.sin(cols / 2) * np.cos(rows / 2)
    cubic, bilinear = (
        np.abs(way(wave.astype(np.float32)) - truth).max()
        for way in (sampler.cubic, sampler.bilinear)
    )
    assert cubic < 0.1 * bilinear


def test_at_the_middle_of_a_pixel_stands_its_value():
    values = np.random.default_rng(0).normal(size=(ROWS, COLS)).astype(np.float32)
    cols, rows = np.meshgrid(np.arange(COLS) + 0.5, np.arange(ROWS) + 0.5)
    sampler = Sampler(cols, rows, (ROWS, COLS))
    for way in (sampler.cubic, sampler.bilinear):
        np.testing.assert_allclose(way(values), values, atol=1e-6)


@pytest.mark.parametrize('seed', range(5))
def test_positions_are_surrounded_where_a_cubic_needs_valid_pixels_only(seed):
    rng = np.random.default_rng(seed)
    valid = rng.random((ROWS, COLS)) < 0.97
    cols, rows = rng.uniform(-1, COLS + 1, (2, 300)), rng.uniform(-1, ROWS + 1, (2, 300))
    sampler = Sampler(cols, rows, (ROWS, COLS))
    found = sampler.surrounded(valid)
    assert 0 < found.mean() < 1
    for col, row, ok in zip(cols.ravel(), rows.ravel(), found.ravel(), strict=True):
        left, top = int(np.floor(col - 0.5)) - 1, int(np.floor(row - 0.5)) - 1
        there = left >= 0 and top >= 0 and left + 4 <= COLS and top + 4 <= ROWS
        assert ok == (there and valid[top : top + 4, left : left + 4].all())
    # whatever stands under invalid pixels does not reach them
    garbage = np.where(valid, np.float32(1), np.float32(1e9))
    np.testing.assert_allclose(sampler.cubic(garbage)[found], 1, atol=1e-5)
