from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from fusionls.errors import FileMissingError, InputError
from fusionls.evaluation.functional.calibration import (
    BINS,
    TEMPERATURES,
    Reliability,
    Temperature,
    fitted_temperature,
    reliability_sums,
    tempered,
)
from fusionls.evaluation.functional.curves import BINS_PER_UNIT, LOW_EDGES, count_by_probability


def counted_parts_of(hard_case):
    probability, truth = hard_case
    counted = truth != 255
    return probability[counted], (truth == 1)[counted]


def test_bins_are_those_of_scikit_learn(hard_case):
    probability, truth = hard_case
    sums, _ = reliability_sums(probability, truth == 1, truth != 255)
    p, y = counted_parts_of(hard_case)
    if not len(p):
        assert not sums.any()
        return
    observed, predicted = calibration_curve(y, p, n_bins=BINS)
    reliability = Reliability(sums)
    filled = sums[0] > 0
    np.testing.assert_allclose(reliability.observed[filled], observed, atol=1e-9)
    np.testing.assert_allclose(reliability.predicted[filled], predicted, atol=1e-9)
    assert np.isnan(reliability.observed[~filled]).all()


def test_calibration_error_is_the_definition_summed_bin_by_bin(hard_case):
    p, y = counted_parts_of(hard_case)
    found = Reliability(
        reliability_sums(p, y, np.ones(p.shape, bool))[0]
    ).expected_calibration_error
    if not len(p):
        assert math.isnan(found)
        return
    expected = 0.0
    for k in range(BINS):
        inside = (p > k / BINS) & (p <= (k + 1) / BINS) | ((p == 0) & (k == 0))
        if inside.any():
            expected += inside.mean() * abs(y[inside].mean() - p[inside].mean())
    assert found == pytest.approx(expected, abs=1e-9)


def test_brier_score_is_that_of_scikit_learn(hard_case):
    probability, truth = hard_case
    _, squared = reliability_sums(probability, truth == 1, truth != 255)
    p, y = counted_parts_of(hard_case)
    if not len(p):
        assert squared == 0
        return
    assert squared / len(p) == pytest.approx(brier_score_loss(y, p, pos_label=True), abs=1e-9)


def test_sums_of_parts_add_up(hard_case):
    probability, truth = hard_case
    counted = truth != 255
    whole, squared = reliability_sums(probability, truth == 1, counted)
    halves = [
        reliability_sums(probability[part], truth[part] == 1, counted[part])
        for part in (slice(None, 7), slice(7, None))
    ]
    np.testing.assert_allclose(whole, halves[0][0] + halves[1][0], atol=1e-9)
    assert squared == pytest.approx(halves[0][1] + halves[1][1], abs=1e-9)


def made_up(temperature, count=40_000, seed=0):
    """Odds that are right when divided by ``temperature``, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    true_odds = rng.normal(-1, 2, count)
    truth = rng.random(count) < expit(true_odds)
    return true_odds * temperature, truth


def counts_of(odds, truth):
    return count_by_probability(expit(odds), truth, np.ones(len(truth), bool))


@pytest.mark.parametrize('temperature', [0.4, 1.0, 2.5])
def test_the_temperature_labels_were_drawn_with_is_found(temperature):
    fitted = fitted_temperature(counts_of(*made_up(temperature)))
    assert fitted.temperature == pytest.approx(temperature, rel=0.03)
    assert fitted.loss_after <= fitted.loss_before + 1e-12


@pytest.mark.parametrize('temperature', [0.4, 2.5])
def test_the_fit_is_that_of_a_plain_minimiser_on_the_pixels_themselves(temperature):
    odds, truth = made_up(temperature, 5000)

    def loss(log_temperature):
        return log_loss(truth, expit(odds / np.exp(log_temperature)))

    expected = minimize_scalar(loss, bounds=(-3, 3), method='bounded', options={'xatol': 1e-9})
    fitted = fitted_temperature(counts_of(odds, truth))
    assert fitted.temperature == pytest.approx(np.exp(expected.x), rel=2e-3)
    # on the middles of the bins it is the same to the last digits of the minimiser
    place = np.clip(np.floor(odds * BINS_PER_UNIT), -len(LOW_EDGES) // 2, len(LOW_EDGES) // 2 - 1)
    odds = (place + 0.5) / BINS_PER_UNIT
    expected = minimize_scalar(loss, bounds=(-3, 3), method='bounded', options={'xatol': 1e-12})
    assert fitted.temperature == pytest.approx(np.exp(expected.x), rel=1e-6)
    assert fitted.loss_after == pytest.approx(expected.fun, abs=1e-9)


def test_scaling_by_the_fitted_temperature_calibrates_and_changes_no_ranking():
    odds, truth = made_up(3.0)
    probability = expit(odds).astype(np.float32)
    better = tempered(probability, fitted_temperature(counts_of(odds, truth)).temperature)
    everywhere = np.ones(truth.shape, bool)
    before, after = (
        Reliability(reliability_sums(p, truth, everywhere)[0]).expected_calibration_error
        for p in (probability, better)
    )
    assert after < 0.2 * before
    assert better.dtype == np.float32
    assert (np.diff(better[np.argsort(probability)]) >= 0).all()
    np.testing.assert_array_equal(better >= 0.5, probability >= 0.5)


def test_separable_and_meaningless_labels_end_at_the_ends():
    odds = np.array([-2.0, -1.0, 1.0, 2.0])
    assert fitted_temperature(counts_of(odds, odds > 0)).temperature == TEMPERATURES[0]
    assert fitted_temperature(counts_of(odds, odds < 0)).temperature == TEMPERATURES[1]
    with pytest.raises(InputError, match='no validation pixel'):
        fitted_temperature(np.zeros((2, 4)))


def test_certainty_stays_certain():
    np.testing.assert_array_equal(tempered(np.array([0.0, 0.5, 1.0]), 3.0), [0.0, 0.5, 1.0])


def test_a_temperature_survives_its_file(tmp_path):
    fitted = Temperature(1.7, 100, 0.5, 0.4, 'validation tiles')
    assert Temperature.read(fitted.write(tmp_path / 't.json')) == fitted


@pytest.mark.parametrize(
    'text', ['{', '[]', '{"temperature": 2}', json.dumps(vars(Temperature(-1.0, 1, 1.0, 1.0)))]
)
def test_a_file_without_a_temperature_is_named(tmp_path, text):
    (tmp_path / 't.json').write_text(text)
    with pytest.raises(InputError, match=r't\.json: holds no temperature'):
        Temperature.read(tmp_path / 't.json')
    with pytest.raises(FileMissingError, match='fit_temperature'):
        Temperature.read(tmp_path / 'gone.json')
