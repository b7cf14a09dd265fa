"""Batch norms over valid pixels: by hand, by what they must not see, and as they were otherwise."""

import copy

import pytest
import timm
import torch
from torch import nn

from fusionls.models.encoders import TimmEncoder
from fusionls.models.encoders.branch import Branch
from fusionls.models.encoders.valid_norm import (
    ValidBatchNorm2d,
    ValidBatchNormAct2d,
    _WeightedNorm,
    use_valid_norms,
)


@pytest.fixture
def norm():
    torch.manual_seed(0)
    made = nn.BatchNorm2d(5)
    nn.init.normal_(made.weight)
    nn.init.normal_(made.bias)
    return made


def valid_of(share=0.6, size=(3, 1, 6, 7)):
    return torch.rand(size, generator=torch.Generator().manual_seed(1)) < share


def test_statistics_are_those_of_the_valid_pixels(norm):
    share = use_valid_norms(norm)
    assert type(norm) is ValidBatchNorm2d
    x, valid = torch.randn(3, 5, 6, 7), valid_of()
    with share.of(valid):
        y = norm(x)
    pixels = x.permute(1, 0, 2, 3)[:, valid[:, 0]]  # (C, valid pixels)
    mean, deviation = pixels.mean(1), (pixels.var(1, correction=0) + norm.eps).sqrt()
    expected = (x - mean[:, None, None]) / deviation[:, None, None]
    expected = expected * norm.weight[:, None, None] + norm.bias[:, None, None]
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(norm.running_mean, 0.1 * mean)
    torch.testing.assert_close(norm.running_var, 0.9 + 0.1 * pixels.var(1))


def test_what_stands_in_a_hole_moves_no_statistic_and_no_valid_pixel(norm):
    share = use_valid_norms(norm)
    other = copy.deepcopy(norm)
    valid = valid_of()
    x = torch.randn(3, 5, 6, 7)
    with share.of(valid):
        y = norm(x)
    with other.share.of(valid):
        z = other(torch.where(valid, x, 77.0))
    assert torch.equal(norm.running_mean, other.running_mean)
    assert torch.equal(norm.running_var, other.running_var)
    assert torch.equal(y.masked_fill(~valid, 0), z.masked_fill(~valid, 0))


def test_a_batch_without_holes_is_normalised_as_ever(norm):
    plain = copy.deepcopy(norm)
    share = use_valid_norms(norm)
    x = torch.randn(3, 5, 6, 7)
    with share.of(torch.ones(3, 1, 6, 7, dtype=torch.bool)):
        assert torch.equal(norm(x), plain(x))
    norm.train(False), plain.train(False)
    with share.of(valid_of()):  # in testing the running statistics count
        assert torch.equal(norm(x), plain(x))


def test_weights_of_one_give_the_plain_norm_and_its_gradients(norm):
    plain = copy.deepcopy(norm)
    use_valid_norms(norm)
    x = torch.randn(3, 5, 6, 7, requires_grad=True)
    pixels = x.permute(0, 2, 3, 1).reshape(-1, 5)
    ones = torch.ones(1, len(pixels))
    given = torch.linspace(-1, 1, x.numel()).reshape(x.shape)
    y = _WeightedNorm.apply(pixels, ones, norm.weight, norm.bias, norm.eps)[0]
    y = y.reshape(3, 6, 7, 5).permute(0, 3, 1, 2)
    torch.testing.assert_close(y, plain(x))
    (y * given).sum().backward()
    ours, x.grad = x.grad, None
    (plain(x) * given).sum().backward()
    torch.testing.assert_close(ours, x.grad)
    torch.testing.assert_close(norm.weight.grad, plain.weight.grad)
    torch.testing.assert_close(norm.bias.grad, plain.bias.grad)


@pytest.mark.parametrize('affine', [True, False])
def test_the_gradient_by_hand_is_that_of_finite_differences(affine):
    torch.manual_seed(0)
    x = torch.randn(20, 3, dtype=torch.double, requires_grad=True)
    weight = torch.rand(1, 20, dtype=torch.double)
    gain, bias = (
        torch.randn(3, dtype=torch.double, requires_grad=True) if affine else None for _ in 'gb'
    )

    def normalised(x, gain, bias):
        return _WeightedNorm.apply(x, weight, gain, bias, 1e-5)[0]

    assert torch.autograd.gradcheck(normalised, (x, gain, bias))


def test_names_of_weights_and_what_timm_does_after_a_norm_stay():
    encoder = timm.create_model('tf_efficientnet_lite0', features_only=True)
    names = list(encoder.state_dict())
    share = use_valid_norms(encoder)
    assert list(encoder.state_dict()) == names
    norms = [m for m in encoder.modules() if isinstance(m, ValidBatchNormAct2d)]
    assert norms
    assert not any(type(m) is nn.BatchNorm2d for m in encoder.modules())
    active = next(m for m in norms if not isinstance(m.act, nn.Identity))
    x = torch.randn(2, active.num_features, 8, 8) * 9
    with share.of(valid_of(size=(2, 1, 8, 8))):
        y = active(x)
    assert y.min() >= 0
    assert y.max() <= 6  # ReLU6


def test_too_few_valid_pixels_fall_back_on_the_whole_batch(norm):
    plain = copy.deepcopy(norm)
    share = use_valid_norms(norm)
    x = torch.randn(3, 5, 6, 7)
    valid = torch.zeros(3, 1, 6, 7, dtype=torch.bool)
    valid[0, 0, 0, 0] = True
    with share.of(valid):
        assert torch.equal(norm(x), plain(x))


def test_a_branch_trains_on_the_same_statistics_whatever_fills_its_holes():
    def made():
        torch.manual_seed(0)
        encoder = dict(type=TimmEncoder, name='resnet10t', channels=(8, 8, 8, 8), levels=[0, 1])
        return Branch(encoder=encoder, channels=2, reach=1).train()

    valid = valid_of(0.3, (4, 1, 32, 32))
    x = torch.randn(4, 2, 32, 32)
    one, two = made(), made()
    for branch, hole in ((one, 0.0), (two, float('nan'))):
        branch((x.masked_fill(~valid, hole), valid))
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name]), name
