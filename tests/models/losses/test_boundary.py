"""Distances from an outline where they are known, and what the loss makes of them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fusionls.models.losses import LandslideBoundaryLoss
from fusionls.models.losses.boundary import outline_distance_pixels

seeds = st.integers(0, 10**6)


def drawn(seed, choices=(0, 1, 255)):
    labels = np.random.default_rng(seed).choice(choices, (8, 9))
    labels[0, :2] = 0, 1  # there is an outline
    return labels


def test_distance_from_a_straight_outline():
    truth = np.zeros((3, 6), bool)
    truth[:, 4:] = True
    expected = np.tile([3.5, 2.5, 1.5, 0.5, -0.5, -1.5], (3, 1))
    np.testing.assert_array_equal(outline_distance_pixels(truth, np.ones_like(truth)), expected)


@given(seed=seeds)
def test_distance_is_to_the_nearest_mapped_pixel_of_the_other_kind(seed):
    labels = drawn(seed)
    found = outline_distance_pixels(labels == 1, labels != 255)
    for row, col in np.ndindex(labels.shape):
        own = labels[row, col]
        if own == 255:
            assert found[row, col] == 0
            continue
        others = np.argwhere(labels == 1 - own)
        nearest = np.hypot(*(others - (row, col)).T).min()
        expected = (nearest - 0.5) * (-1 if own == 1 else 1)
        assert found[row, col] == pytest.approx(expected)


@given(seed=seeds)
def test_exchanging_landslides_and_the_rest_changes_the_sign_alone(seed):
    labels = drawn(seed)
    counts = labels != 255
    np.testing.assert_allclose(
        outline_distance_pixels(labels == 1, counts), -outline_distance_pixels(labels == 0, counts)
    )


@pytest.mark.parametrize('own', [0, 1])
def test_no_outline_no_distance(own):
    truth = np.full((4, 4), own == 1)
    assert not outline_distance_pixels(truth, np.ones_like(truth)).any()


def test_value_and_gradient_are_distances_times_probability():
    labels = drawn(5)
    logits = torch.from_numpy(np.random.default_rng(0).normal(0, 2, (1, 2, 8, 9))).requires_grad_()
    distance = torch.from_numpy(outline_distance_pixels(labels == 1, labels != 255))
    mapped = (labels != 255).sum()
    p = logits.detach().softmax(1)[0, 1]
    loss = LandslideBoundaryLoss()(logits, torch.from_numpy(labels)[None])
    loss.backward()
    torch.testing.assert_close(loss.detach(), (p * distance).sum() / mapped)
    torch.testing.assert_close(logits.grad[0, 1], p * (1 - p) * distance / mapped)


@given(seed=seeds, wrong=st.integers(0, 71))
def test_any_pixel_wrong_is_worse_than_none(seed, wrong):
    labels = torch.from_numpy(drawn(seed, (0, 1)))
    sure = 40.0 * (2 * labels - 1)
    worse = sure.clone().flatten()
    worse[wrong] *= -1

    def loss(odds):
        odds = odds.reshape(1, 1, 8, 9)
        return float(LandslideBoundaryLoss()(torch.cat([0 * odds, odds], 1), labels[None]))

    assert loss(worse) >= loss(sure) + 0.5 / 72 - 1e-6
