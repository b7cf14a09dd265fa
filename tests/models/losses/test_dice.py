"""The Dice loss against its formula in float64, and silence where nobody mapped."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fusionls.models.losses import LandslideDiceLoss


def drawn(seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (2, 2, 5, 6))
    labels = rng.choice([0, 1, 255], (2, 5, 6))
    return logits, labels


def closed_form(logits, labels, smooth):
    probability = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))  # softmax of two classes
    counts = labels != 255
    truth = labels == 1
    overlap = probability[truth].sum()
    return 1 - (2 * overlap + smooth) / (probability[counts].sum() + truth.sum() + smooth)


@given(seed=st.integers(0, 10**6), smooth=st.floats(1e-3, 10), weight=st.floats(0.1, 3))
def test_it_equals_its_formula(seed, smooth, weight):
    logits, labels = drawn(seed)
    loss = LandslideDiceLoss(smooth=smooth, loss_weight=weight)
    found = loss(torch.from_numpy(logits), torch.from_numpy(labels))
    assert float(found) == pytest.approx(weight * closed_form(logits, labels, smooth), rel=1e-9)


@given(seed=st.integers(0, 10**6))
def test_ignored_pixels_get_no_gradient_and_all_others_some(seed):
    logits, labels = (torch.from_numpy(part) for part in drawn(seed))
    logits.requires_grad_()
    LandslideDiceLoss()(logits, labels).backward()
    counted = (labels != 255)[:, None].expand_as(logits)
    assert (logits.grad[~counted] == 0).all()
    assert (logits.grad[counted] != 0).all()


def test_gradients_are_those_of_differences():
    logits, labels = (torch.from_numpy(part) for part in drawn(1))
    assert torch.autograd.gradcheck(
        lambda x: LandslideDiceLoss()(x, labels), logits.requires_grad_()
    )


def test_perfect_is_zero_and_nothing_mapped_is_zero():
    labels = torch.tensor([[[0, 1], [1, 255]]])
    sure = torch.stack([-50.0 * (labels == 1), 50.0 * (labels == 1)], 1) + torch.tensor(
        [25.0, -25.0]
    ).reshape(1, 2, 1, 1)
    assert float(LandslideDiceLoss()(sure, labels)) == pytest.approx(0, abs=1e-6)
    unmapped = torch.full_like(labels, 255)
    assert float(LandslideDiceLoss()(sure, unmapped)) == 0.0


def test_it_has_a_name_that_mmseg_counts_as_a_loss():
    assert LandslideDiceLoss().loss_name.startswith('loss_')
