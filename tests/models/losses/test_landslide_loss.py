"""What every loss of the landslide class keeps to, mmseg's Tversky loss included."""

import numpy as np
import pytest
import torch
from mmseg.models.losses import TverskyLoss

from fusionls.models.losses import (
    LandslideBoundaryLoss,
    LandslideDiceLoss,
    LandslideFocalLoss,
    LandslideLovaszLoss,
)

OURS = [
    LandslideBoundaryLoss,
    LandslideDiceLoss,
    LandslideFocalLoss,
    LandslideLovaszLoss,
]
LOSSES = [*OURS, TverskyLoss]
every_loss = pytest.mark.parametrize('kind', LOSSES, ids=lambda kind: kind.__name__)
each_of_ours = pytest.mark.parametrize('kind', OURS, ids=lambda kind: kind.__name__)


def drawn(seed=0, classes=2, choices=(0, 1, 255)):
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(0, 2, (3, classes, 6, 7)))
    return logits, torch.from_numpy(rng.choice(choices, (3, 6, 7)))


@every_loss
def test_whatever_is_predicted_where_nobody_mapped_changes_nothing(kind):
    logits, labels = drawn()
    wild = torch.where((labels != 255)[:, None], logits, 30 * logits.flip(1))
    loss = kind()
    assert torch.equal(loss(wild, labels, ignore_index=255), loss(logits, labels, ignore_index=255))


@every_loss
def test_only_mapped_pixels_get_a_gradient(kind):
    logits, labels = drawn()
    logits.requires_grad_()
    kind()(logits, labels, ignore_index=255).backward()
    counted = (labels != 255)[:, None].expand_as(logits)
    assert (logits.grad[~counted] == 0).all()
    assert (logits.grad[counted] != 0).any()


@every_loss
@pytest.mark.parametrize('label', [0, 1, 255], ids=['no_landslide', 'all_landslide', 'unmapped'])
def test_batches_of_one_kind_give_finite_losses_and_gradients(kind, label):
    logits, _ = drawn()
    logits.requires_grad_()
    loss = kind()(logits, torch.full((3, 6, 7), label), ignore_index=255)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()
    if label == 255:
        assert loss == 0
        assert (logits.grad == 0).all()


@each_of_ours
@pytest.mark.parametrize('landslide', [0, 1])
def test_a_single_mapped_pixel_will_do(kind, landslide):
    labels = torch.full((3, 6, 7), 255)
    labels[1, 2, 3] = landslide
    assert kind()(drawn()[0], labels).isfinite()


@every_loss
def test_gradients_are_those_of_differences(kind):
    logits, labels = drawn(1)
    assert torch.autograd.gradcheck(
        lambda x: kind()(x[:1], labels[:1], ignore_index=255), logits.requires_grad_()
    )


@each_of_ours
def test_sure_logits_give_finite_gradients(kind):
    logits, labels = drawn()
    logits = (100 * logits).float().requires_grad_()
    kind()(logits, labels).backward()
    assert logits.grad.isfinite().all()


@each_of_ours
def test_the_factor_is_a_factor(kind):
    logits, labels = drawn()
    thrice = kind(loss_weight=3.0)(logits, labels)
    torch.testing.assert_close(thrice, 3 * kind()(logits, labels))


@each_of_ours
def test_any_class_may_be_the_landslides_among_any_number(kind):
    logits, labels = drawn(classes=3, choices=(0, 1, 2, 255))
    rest = logits[:, :2].logsumexp(1, keepdim=True)
    two = torch.cat([rest, logits[:, 2:]], 1)
    as_two = torch.where(labels == 255, 255, (labels == 2).long())
    torch.testing.assert_close(kind(landslide=2)(logits, labels), kind()(two, as_two))


@every_loss
def test_it_has_a_name_that_mmseg_counts_as_a_loss(kind):
    assert kind().loss_name.startswith('loss_')


@every_loss
def test_half_precision_gives_the_gradient_of_single_precision(kind):
    torch.manual_seed(0)
    labels = (torch.rand(4, 96, 96) < 0.1).long()  # counts far above what bfloat16 tells apart
    logits = torch.randn(4, 2, 96, 96)
    gradients = []
    for dtype in (torch.float32, torch.bfloat16):
        given = logits.to(dtype, copy=True).requires_grad_()
        with torch.autocast('cpu', torch.bfloat16, enabled=dtype == torch.bfloat16):
            kind()(given, labels, ignore_index=255).backward()
        gradients.append(given.grad.float().flatten())
    assert torch.cosine_similarity(*gradients, dim=0) > 0.95
