from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.sources.insar.series import fitted_velocity, stacked_velocity, years_of


def test_years_are_counted_from_the_first_date():
    dates = [datetime.date(2020, 1, 1), datetime.date(2021, 1, 1), datetime.date(2024, 1, 1)]
    assert years_of(dates) == pytest.approx([0, 366 / 365.25, 4], abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 12))
def test_slope_and_deviation_are_those_of_numpys_straight_line(seed, count):
    rng = np.random.default_rng(seed)
    years = np.sort(rng.uniform(0, 5, count))
    moved = rng.normal(0, 0.01, (count, 2, 3))
    (velocity, valid), (deviation, _) = fitted_velocity(moved, years)
    flat = moved.reshape(count, -1)
    if count > 3:
        # numpy scales by the residuals over n - 2, as the formula does
        slopes, covariances = zip(
            *(np.polyfit(years, column, 1, cov=True) for column in flat.T), strict=True
        )
        told = np.sqrt([covariance[0, 0] for covariance in covariances])
        assert deviation.ravel() == pytest.approx(told, rel=1e-4)
    else:
        slopes = [np.polyfit(years, column, 1) for column in flat.T]
    assert velocity.ravel() == pytest.approx([slope[0] for slope in slopes], rel=1e-4, abs=1e-7)
    assert valid.all()


def test_a_missing_date_makes_the_pixel_invalid_and_two_dates_have_no_deviation():
    moved = np.arange(6.0).reshape(2, 1, 3)
    moved[1, 0, 2] = np.nan
    (velocity, valid), (_, known) = fitted_velocity(moved, np.array([0.0, 2.0]))
    assert valid.tolist() == [[True, True, False]]
    assert velocity[0, 0] == 1.5
    assert not known.any()


def test_stacking_is_least_squares_of_the_pairs_that_are_valid():
    rng = np.random.default_rng(3)
    years = np.array([0.1, 0.5, 1.0, -0.3])
    values = rng.normal(0, 0.01, (4, 2, 2)) + years[:, None, None] * 0.05
    valid = rng.random((4, 2, 2)) < 0.8
    valid[:, 0, 0], valid[:, 1, 1] = True, [True, False, False, False]
    planes = [(np.where(v, p, np.nan), v) for p, v in zip(values, valid, strict=True)]
    (velocity, enough), (deviation, known), (count, _) = stacked_velocity(planes, years, 2)
    assert enough.tolist() == (valid.sum(0) >= 2).tolist()
    assert count.tolist() == valid.sum(0).tolist()
    for pixel in zip(*np.nonzero(enough), strict=True):
        there = valid[:, *pixel]
        t, d = years[there], values[:, *pixel][there]
        (slope,), (left,), *_ = np.linalg.lstsq(t[:, None], d, rcond=None)
        assert velocity[pixel] == pytest.approx(slope, rel=1e-5)
        expected = np.sqrt(left / (len(t) - 1) / (t**2).sum())
        assert deviation[pixel] == pytest.approx(expected, rel=1e-4)
    assert np.array_equal(known, enough)
