from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from fusionls.errors import InputError
from fusionls.evaluation.functional.confusion import count_pixels
from fusionls.evaluation.functional.curves import (
    BINS,
    LOW_EDGES,
    THRESHOLDS,
    ThresholdCurve,
    count_by_probability,
)


def curve_of(probability, truth):
    counted = truth != 255
    return ThresholdCurve(count_by_probability(probability, truth == 1, counted))


def rounded_down(probability):
    """Each probability as the lower edge of its bin, by a search instead of arithmetic."""
    with np.errstate(divide='ignore'):
        odds = np.log(probability / (1 - probability))
    return np.maximum(np.searchsorted(LOW_EDGES, odds, side='right') - 1, 0)


def test_average_precision_is_that_of_scikit_learn_on_the_same_bins(hard_case):
    probability, truth = hard_case
    counted = truth != 255
    found = curve_of(probability, truth).average_precision
    if not (truth == 1).any():
        assert math.isnan(found)
        return
    expected = average_precision_score(truth[counted], rounded_down(probability[counted]))
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize('spread', [1.0, 6.0])
def test_binning_moves_average_precision_by_less_than_a_thousandth(spread):
    rng = np.random.default_rng(1)
    truth = (rng.random(20_000) < 0.1).astype(np.uint8)
    odds = spread * (rng.normal(size=20_000) + 2.0 * truth - 2)
    probability = 1 / (1 + np.exp(-odds))
    exact = average_precision_score(truth, probability)
    assert curve_of(probability, truth).average_precision == pytest.approx(exact, abs=1e-3)


def test_every_point_of_the_curve_is_one_of_scikit_learn(hard_case):
    probability, truth = hard_case
    counted = truth != 255
    if not (truth == 1).any():  # scikit-learn has no curve then
        assert np.isnan(curve_of(probability, truth).at_thresholds.recall).all()
        return
    precision, recall, bins = precision_recall_curve(
        truth[counted], rounded_down(probability[counted])
    )
    counts = curve_of(probability, truth).at_thresholds
    np.testing.assert_allclose(counts.precision[bins], precision[:-1], atol=1e-9)
    np.testing.assert_allclose(counts.recall[bins], recall[:-1], atol=1e-9)


def test_counts_at_a_threshold_are_those_of_the_mask(hard_case):
    probability, truth = hard_case
    at = curve_of(probability, truth).at_thresholds
    for threshold in (0.5, 0.0):
        place = BINS // 2 if threshold else 0
        assert THRESHOLDS[place] == pytest.approx(threshold, abs=1e-6)
        expected = count_pixels(probability >= threshold, truth)
        assert (at.tp[place], at.fp[place], at.fn[place], at.tn[place]) == (
            expected.tp, expected.fp, expected.fn, expected.tn,
        )  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float32, 40, elements=st.floats(0, 1, width=32)),
    arrays(bool, 40), arrays(bool, 40), st.integers(0, 40),
)  # fmt: skip
def test_counts_of_parts_add_up_and_lose_no_pixel(probability, truth, counted, cut):
    whole = count_by_probability(probability, truth, counted)
    parts = sum(
        count_by_probability(probability[part], truth[part], counted[part])
        for part in (slice(None, cut), slice(cut, None))
    )
    np.testing.assert_array_equal(whole, parts)
    assert whole.sum() == counted.sum()
    assert whole[1].sum() == (truth & counted).sum()
    half = whole[:, BINS // 2 :].sum()
    assert half == (counted & (probability >= 0.5)).sum()


def test_probabilities_just_below_a_half_are_below_the_threshold():
    below = np.nextafter(np.float32(0.5), np.float32(0))
    counts = count_by_probability(np.array([below, 0.5], np.float32), *np.ones((2, 2), bool))
    assert counts[1, BINS // 2 - 1] == counts[1, BINS // 2] == 1


def test_the_best_threshold_separates_what_can_be_separated():
    probability = np.array([0.1, 0.2, 0.6, 0.7, 0.8])
    truth = np.array([0, 0, 0, 1, 1])
    f1, threshold = curve_of(probability, truth).best_f1()
    assert f1 == 1.0
    assert 0.6 < threshold <= 0.7


def test_a_curve_of_several_draws_is_the_curve_of_each(hard_case):
    probability, truth = hard_case
    one = count_by_probability(probability, truth == 1, truth != 255)
    other = one[::-1]
    both = ThresholdCurve(np.stack([one, other])).average_precision
    for found, counts in zip(both, (one, other), strict=True):
        assert found == pytest.approx(ThresholdCurve(counts).average_precision, nan_ok=True)


@pytest.mark.parametrize('wrong', [np.nan, -0.1, 1.5, np.inf])
def test_what_is_no_probability_is_refused_where_it_counts(wrong):
    given_ = np.array([0.2, wrong])
    yes = np.ones(2, bool)
    with pytest.raises(InputError, match='hold no probability'):
        count_by_probability(given_, yes, yes)
    assert count_by_probability(given_, yes, np.array([True, False])).sum() == 1


def test_the_area_under_the_roc_is_that_of_scikit_learn_on_the_same_bins(hard_case):
    probability, truth = hard_case
    counted = truth != 255
    found = curve_of(probability, truth).roc_auc
    if len(np.unique(truth[counted])) < 2:
        assert math.isnan(found)
    else:
        expected = roc_auc_score(truth[counted] == 1, rounded_down(probability)[counted])
        assert found == pytest.approx(expected, rel=1e-12)
