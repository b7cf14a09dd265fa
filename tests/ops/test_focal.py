import math

import pytest
import torch
import torch.nn.functional as F
from mmcv.ops import SigmoidFocalLoss, sigmoid_focal_loss, softmax_focal_loss
from torch.autograd import gradcheck

TARGET = torch.tensor([0, 2, 1, 3])  # of three classes: 3 is background
CLASSES = torch.tensor([0, 2, 1, 1])


def random_scores(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, 3, generator=generator, dtype=torch.float64) * 3


def reference_sigmoid(scores, target, gamma, alpha):
    """Lin et al. (2017), eq. 5, number by number."""
    losses = []
    for row, label in zip(scores.tolist(), target.tolist(), strict=True):
        for c, score in enumerate(row):
            p = 1 / (1 + math.exp(-score))
            p_t, alpha_t = (p, alpha) if c == label else (1 - p, 1 - alpha)
            losses.append(-alpha_t * (1 - p_t) ** gamma * math.log(p_t))
    return torch.tensor(losses, dtype=torch.float64).view_as(scores)


def reference_softmax(scores, target, gamma, alpha):
    losses = []
    for row, label in zip(scores.tolist(), target.tolist(), strict=True):
        p = math.exp(row[label]) / sum(map(math.exp, row))
        losses.append(-alpha * (1 - p) ** gamma * math.log(p))
    return torch.tensor(losses, dtype=torch.float64)


@pytest.mark.parametrize(('gamma', 'alpha'), [(2.0, 0.25), (0.5, 0.6), (0.0, 0.5)])
def test_the_sigmoid_loss_is_the_published_one(gamma, alpha):
    found = sigmoid_focal_loss(random_scores(), TARGET, gamma, alpha, None, 'none')
    expected = reference_sigmoid(random_scores(), TARGET, gamma, alpha)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(('gamma', 'alpha'), [(2.0, 0.25), (0.5, 0.6), (0.0, 1.0)])
def test_the_softmax_loss_is_the_published_one(gamma, alpha):
    found = softmax_focal_loss(random_scores(), CLASSES, gamma, alpha, None, 'none')
    expected = reference_softmax(random_scores(), CLASSES, gamma, alpha)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


def test_without_focusing_it_is_the_cross_entropy():
    scores = random_scores()
    softmax = softmax_focal_loss(scores, CLASSES, 0.0, 1.0, None, 'mean')
    torch.testing.assert_close(softmax, F.cross_entropy(scores, CLASSES))
    sigmoid = sigmoid_focal_loss(scores, TARGET, 0.0, 0.5, None, 'sum')
    one_hot = F.one_hot(TARGET, 4)[:, :3].double()
    entropy = F.binary_cross_entropy_with_logits(scores, one_hot, reduction='sum')
    torch.testing.assert_close(sigmoid, entropy / 2)


def test_class_weights_multiply_and_background_keeps_its_loss():
    weight = torch.tensor([2.0, 3.0, 5.0], dtype=torch.float64)
    plain = sigmoid_focal_loss(random_scores(), TARGET, 2.0, 0.25, None, 'none')
    weighted = sigmoid_focal_loss(random_scores(), TARGET, 2.0, 0.25, weight, 'none')
    factors = torch.tensor([2.0, 5.0, 3.0, 1.0], dtype=torch.float64)  # the last is background
    torch.testing.assert_close(weighted, plain * factors[:, None])
    plain = softmax_focal_loss(random_scores(), CLASSES, 2.0, 0.25, None, 'none')
    weighted = softmax_focal_loss(random_scores(), CLASSES, 2.0, 0.25, weight, 'none')
    torch.testing.assert_close(weighted, plain * weight[CLASSES])


@pytest.mark.parametrize('weight', [None, [2.0, 3.0, 5.0]])
@pytest.mark.parametrize('gamma', [2.0, 0.5, 0.0])
@pytest.mark.parametrize('reduction', ['mean', 'sum'])
@pytest.mark.parametrize(
    ('loss', 'target'), [(sigmoid_focal_loss, TARGET), (softmax_focal_loss, CLASSES)]
)
def test_the_gradient_is_that_of_finite_differences(loss, target, reduction, gamma, weight):
    weight = None if weight is None else torch.tensor(weight, dtype=torch.float64)
    scores = random_scores().requires_grad_()
    assert gradcheck(lambda s: loss(s, target, gamma, 0.3, weight, reduction), [scores])


def test_the_sigmoid_gradient_per_score_is_that_of_finite_differences():
    scores = random_scores().requires_grad_()
    assert gradcheck(lambda s: sigmoid_focal_loss(s, TARGET, 2.0, 0.3, None, 'none'), [scores])


def test_an_ignored_sample_has_no_loss_and_no_gradient():
    scores = random_scores().requires_grad_()
    target = torch.tensor([0, -1, 1, -1])
    loss = softmax_focal_loss(scores, target, 2.0, 0.25, None, 'sum')
    loss.backward()
    kept = softmax_focal_loss(scores.detach()[[0, 2]], target[[0, 2]], 2.0, 0.25, None, 'sum')
    torch.testing.assert_close(loss.detach(), kept)
    assert scores.grad[[1, 3]].abs().sum() == 0
    assert scores.grad[[0, 2]].abs().sum() > 0


def test_a_surely_wrong_score_costs_its_own_size():
    # Far below zero, -log(sigmoid(x)) is -x; a clamped logarithm would stop at 87.
    scores = torch.tensor([[-1000.0]], requires_grad=True)
    loss = sigmoid_focal_loss(scores, torch.tensor([0]), 2.0, 0.25, None, 'sum')
    loss.backward()
    assert loss.item() == pytest.approx(250)
    assert scores.grad.item() == pytest.approx(-0.25)


@pytest.mark.parametrize('gamma', [2.0, 0.5, 0.0])
def test_a_surely_right_class_has_a_finite_gradient_of_zero(gamma):
    scores = torch.tensor([[200.0, -200.0]], requires_grad=True)
    softmax_focal_loss(scores, torch.tensor([0]), gamma, 0.25, None, 'sum').backward()
    assert scores.grad.abs().sum() == 0


def test_the_layer_learns_the_target():
    scores = torch.zeros(4, 3, requires_grad=True)
    loss = SigmoidFocalLoss(gamma=2.0, alpha=0.25)
    for _ in range(50):
        (gradient,) = torch.autograd.grad(loss(scores, TARGET), scores)
        scores = (scores - 20 * gradient).detach().requires_grad_()
    assert torch.equal((scores > 0).int(), F.one_hot(TARGET, 4)[:, :3].int())
