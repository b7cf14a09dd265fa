from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    cohen_kappa_score,
    jaccard_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
)

from fusionls.errors import LabelError
from fusionls.evaluation.functional.confusion import Counts, count_pixels

SHAPE = (5, 7)
masks = arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1]))
labels = arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1, 255]))
valids = arrays(bool, SHAPE)


def nan_or(value):
    return pytest.approx(value, nan_ok=True)


@given(masks, labels, valids)
def test_scores_equal_those_of_scikit_learn_over_the_counted_pixels(predicted, truth, valid):
    counts = count_pixels(predicted, truth, valid)
    counted = valid & (truth != 255)
    assert counts.total == counted.sum()
    if not counted.any():
        assert all(math.isnan(score) for score in counts.scores().values())
        return
    y, x = truth[counted], predicted[counted]
    precision, recall, f1, _ = precision_recall_fscore_support(
        y, x, labels=[1], average=None, zero_division=np.nan
    )
    assert counts.precision == nan_or(precision[0])
    assert counts.recall == nan_or(recall[0])
    if (x | y).any():
        assert counts.f1 == nan_or(np.nan_to_num(f1[0]))
        assert counts.iou == pytest.approx(jaccard_score(y, x, pos_label=1, zero_division=0))
    else:
        assert math.isnan(counts.f1)
        assert math.isnan(counts.iou)
    if not (x & y).all() and (x | y).any():
        per_class = jaccard_score(y, x, labels=[0, 1], average=None, zero_division=0)
        assert counts.miou == pytest.approx(per_class.mean())


@given(masks, labels, valids, st.integers(1, SHAPE[0] - 1))
def test_counts_of_two_parts_add_up_to_those_of_the_whole(predicted, truth, valid, cut):
    parts = [
        count_pixels(predicted[part], truth[part], valid[part])
        for part in (slice(None, cut), slice(cut, None))
    ]
    assert sum(parts, Counts()) == count_pixels(predicted, truth, valid)


@given(masks, labels, valids, arrays(np.uint8, SHAPE))
def test_what_stands_under_uncounted_pixels_changes_nothing(predicted, truth, valid, garbage):
    counted = valid & (truth != 255)
    other = count_pixels(
        np.where(counted, predicted, garbage), np.where(valid, truth, garbage), valid
    )
    assert other == count_pixels(predicted, truth, valid)


def test_a_known_table_has_its_known_scores():
    counts = Counts(tp=6, fp=2, fn=4, tn=88)
    assert counts.precision == 6 / 8
    assert counts.recall == 6 / 10
    assert counts.f1 == 12 / 18
    assert counts.iou == 6 / 12
    assert counts.miou == pytest.approx((6 / 12 + 88 / 94) / 2)


def test_all_landslide_and_all_found_has_f1_of_one_and_no_miou():
    counts = count_pixels(np.ones(SHAPE, bool), np.ones(SHAPE, np.uint8))
    assert counts.f1 == counts.iou == 1
    assert math.isnan(counts.miou)


def test_no_landslide_and_none_predicted_has_no_score():
    counts = count_pixels(np.zeros(SHAPE, bool), np.zeros(SHAPE, np.uint8))
    assert counts == Counts(tn=35)
    assert all(math.isnan(score) for score in counts.scores().values())


def test_everything_predicted_and_nothing_there_has_precision_zero_and_no_recall():
    counts = count_pixels(np.ones(SHAPE, bool), np.zeros(SHAPE, np.uint8))
    assert counts.precision == counts.f1 == counts.miou == 0
    assert math.isnan(counts.recall)


def test_a_label_of_2_is_refused_by_value():
    with pytest.raises(LabelError, match=r'truth holds 2; expected 0 .* 255'):
        count_pixels(np.zeros(SHAPE, bool), np.full(SHAPE, 2, np.uint8))


def test_a_probability_instead_of_a_mask_is_refused_with_the_cure():
    with pytest.raises(LabelError, match=r'predicted holds 0\.5.*threshold'):
        count_pixels(np.full(SHAPE, 0.5), np.zeros(SHAPE, np.uint8))


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match='one shape'):
        count_pixels(np.zeros((2, 2), bool), np.zeros((2, 3), np.uint8))


def test_counting_imports_neither_torch_nor_mm():
    code = (
        'import sys, fusionls.evaluation.functional.objects as _;'
        "sys.exit(any(m.split('.')[0] in {'torch', 'mmcv', 'mmengine'} for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


def test_every_score_of_hard_maps_is_that_of_scikit_learn(hard_case):
    probability, truth = hard_case
    counted = truth != 255
    counts = count_pixels(probability >= 0.5, truth)
    y, x = truth[counted], (probability >= 0.5)[counted].astype(np.uint8)
    if not len(y):
        assert math.isnan(counts.mcc)
        assert math.isnan(counts.kappa)
        assert math.isnan(counts.macro_f1)
        return
    both = precision_recall_fscore_support(
        y, x, labels=[0, 1], average='macro', zero_division=np.nan
    )
    for name, expected in zip(('precision', 'recall', 'f1'), both, strict=False):
        found = getattr(counts, f'macro_{name}')
        if not math.isnan(found):  # scikit-learn averages what is left, we do not
            assert found == pytest.approx(expected, abs=1e-9)
    one_class = precision_recall_fscore_support(y, x, labels=[0, 1], zero_division=np.nan)
    for name, (other, landslide) in zip(('precision', 'recall'), one_class[:2], strict=False):
        assert getattr(counts, name) == nan_or(landslide)
        assert getattr(counts.other, name) == nan_or(other)
        assert getattr(counts, f'macro_{name}') == nan_or((landslide + other) / 2)
    constant = len(set(y)) == 1 or len(set(x)) == 1
    if constant:  # scikit-learn says 0, which is not what "no better than chance" means here
        assert math.isnan(counts.mcc)
    else:
        assert counts.mcc == pytest.approx(matthews_corrcoef(y, x), abs=1e-9)
    if len(set(y) | set(x)) == 1:
        assert math.isnan(counts.kappa)
    else:
        assert counts.kappa == pytest.approx(cohen_kappa_score(y, x, labels=[0, 1]), abs=1e-9)


def test_counts_of_a_whole_country_do_not_overflow():
    huge = Counts(tp=10**11, fp=10**10, fn=2 * 10**10, tn=10**13)
    small = Counts(tp=10**4, fp=10**3, fn=2 * 10**3, tn=10**6)
    assert huge.mcc == pytest.approx(small.mcc, rel=1e-12)
    assert huge.kappa == pytest.approx(small.kappa, rel=1e-12)


def test_arrays_of_counts_score_element_by_element():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 4, (30, 4))
    together = Counts(*rows.T.astype(float))
    for name in ('precision', 'recall', 'f1', 'iou', 'miou', 'mcc', 'kappa', 'macro_f1'):
        each = [getattr(Counts(*row), name) for row in rows.tolist()]
        np.testing.assert_allclose(getattr(together, name), each, rtol=1e-12)
