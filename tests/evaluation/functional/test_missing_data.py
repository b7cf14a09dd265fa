"""Means by family and the table, by hand."""

import math

import pytest

from fusionls.evaluation.functional.missing_data import (
    PatternScore,
    missing_data_table,
    summary,
)

SCORES = [
    PatternScore('all', 'nothing', 0, 0, 0.8),
    PatternScore('without a', 'modality', 1, 0, 0.7),
    PatternScore('without b', 'modality', 1, 0, 0.5),
    PatternScore('a alone', 'modality', 2, 0, 0.3),
    PatternScore('holes 50 %', 'holes', 0, 0.5, 0.6),
    PatternScore('noise 1 sd', 'noise', 0, 1, 0.4),
]


def test_means_are_those_of_each_family():
    found = summary(SCORES)
    assert found.full == 0.8
    assert found.one_missing == pytest.approx(0.6)
    assert found.loss_one_missing == pytest.approx(0.25)
    assert found.subsets == pytest.approx(0.5)
    assert found.missing == pytest.approx((0.5 + 0.6 + 0.4) / 3)
    assert found.worst == ('a alone', 0.3)


def test_a_family_that_was_not_run_is_nan_and_does_not_count():
    found = summary(SCORES[:4])
    assert math.isnan(found.holes)
    assert found.missing == pytest.approx(0.5)


def test_a_model_that_finds_nothing_has_no_relative_loss():
    assert math.isnan(summary([PatternScore('all', 'nothing', 0, 0, 0.0)]).loss_one_missing)


def test_without_a_pattern_of_all_data_there_is_nothing_to_compare_with():
    with pytest.raises(ValueError, match='one pattern with all data, got 0'):
        summary(SCORES[1:])


def test_the_table_has_a_row_per_pattern_and_other_scores_beside():
    text = missing_data_table(SCORES, {'IoU': [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]})
    rows = [line for line in text.splitlines() if line.startswith('|')]
    assert len(rows) == 2 + len(SCORES)
    assert rows[3] == '| without a | 0.700 | 87% | 0.200 |'
    assert '25.0% less' in text
