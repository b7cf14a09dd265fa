"""The Lovász loss against its definition by sets, and IoU where it is known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fusionls.models.losses import LandslideLovaszLoss

seeds = st.integers(0, 10**6)


def drawn(seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (2, 2, 3, 4))
    return logits, rng.choice([0, 1, 255], (2, 3, 4), p=[0.5, 0.3, 0.2])


def extension(errors, truth):
    """Definition 1 of the paper, with 1 - IoU asked of sets of wrong pixels."""

    def lost(wrong):
        predicted = (truth - wrong) | (wrong - truth)
        union = truth | predicted
        return 1 - len(truth & predicted) / len(union) if union else 0.0

    total, wrong = 0.0, set()
    for pixel in sorted(errors, key=errors.get, reverse=True):
        before = lost(wrong)
        wrong = wrong | {pixel}
        total += errors[pixel] * (lost(wrong) - before)
    return total


@given(seed=seeds)
def test_it_is_the_lovasz_extension_of_the_lost_iou(seed):
    logits, labels = drawn(seed)
    probability = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    mapped = [tuple(p) for p in np.argwhere(labels != 255)]
    truth = {p for p in mapped if labels[p] == 1}
    errors = {p: abs((p in truth) - probability[p]) for p in mapped}
    found = LandslideLovaszLoss()(torch.from_numpy(logits), torch.from_numpy(labels))
    assert float(found) == pytest.approx(extension(errors, truth), abs=1e-12)


@given(seed=seeds)
def test_of_sure_predictions_it_is_one_minus_iou(seed):
    logits, labels = drawn(seed)
    predicted = logits[:, 1] > logits[:, 0]
    counts, truth = labels != 255, labels == 1
    union = ((predicted | truth) & counts).sum()
    iou = (predicted & truth).sum() / union if union else 1.0
    sure = torch.from_numpy(np.stack([-60.0 * predicted, 60.0 * predicted - 60.0 * ~predicted], 1))
    found = LandslideLovaszLoss()(sure, torch.from_numpy(labels))
    assert float(found) == pytest.approx(1 - iou, abs=1e-9)


def test_without_landslides_it_is_the_largest_probability():
    logits = torch.from_numpy(drawn(3)[0])
    found = LandslideLovaszLoss()(logits, torch.zeros(2, 3, 4, dtype=torch.long))
    torch.testing.assert_close(found, logits.softmax(1)[:, 1].max())
