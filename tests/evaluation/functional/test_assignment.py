from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from fusionls.evaluation.functional.assignment import best_pairs

tables = arrays(
    float, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.sampled_from(
        [0.0, 0.0, 0.0, 0.3, 0.5, 0.7, 1.0]
    ),
)  # fmt: skip


def pairs_of(table):
    rows, cols = np.nonzero(table)
    return best_pairs(rows, cols, table[rows, cols], table.shape)


@settings(max_examples=80, deadline=None)
@given(tables)
def test_groups_solved_apart_are_as_good_as_the_whole_table_at_once(table):
    chosen = pairs_of(table)
    worth = np.where(table > 0, 100 + table, 0)  # most pairs first, then the largest sum
    best = worth[linear_sum_assignment(worth, maximize=True)].sum()
    assert sum(100 + score for _, _, score in chosen) == pytest.approx(best)
    assert all(table[row, col] == score for row, col, score in chosen)
    assert len({row for row, _, _ in chosen}) == len({col for _, col, _ in chosen}) == len(chosen)


def test_pairs_nobody_competes_for_are_all_taken():
    assert pairs_of(np.diag([0.2, 0.9, 1.0])) == [(0, 0, 0.2), (1, 1, 0.9), (2, 2, 1.0)]


def test_no_pairs_is_no_matching():
    nothing = np.zeros(0, np.int64)
    assert best_pairs(nothing, nothing, np.zeros(0), (3, 4)) == []
