"""Residual units are the identity where their residual is nothing, and as large as stated."""

import pytest
import torch

from fusionls.errors import InputError
from fusionls.models.blocks import (
    Cbam,
    ResidualAttention,
    ResidualDense,
    ResidualStem,
    ResidualUnit,
)


def numbers(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize('size', [(8, 8), (9, 7), (1, 1)])
def test_a_unit_halves_and_rounds_up(size):
    unit = ResidualUnit(in_channels=3, channels=5, stride=2).eval()
    assert unit(torch.randn(2, 3, *size)).shape == (2, 5, *(-(-side // 2) for side in size))


def test_a_unit_without_residual_is_the_identity():
    unit = ResidualUnit(in_channels=4, channels=4).eval()
    torch.nn.init.zeros_(unit.body[1].conv.weight)
    x = torch.randn(1, 4, 6, 6)
    assert torch.equal(unit(x), x)


def test_a_unit_is_activated_before_it_convolves():
    unit = ResidualUnit(in_channels=1, channels=1).eval()
    # what is negative everywhere is cut to zero before the first convolution
    with torch.no_grad():
        x = -torch.rand(1, 1, 5, 5)
        torch.testing.assert_close(unit(x), x)
        assert not torch.allclose(unit(-x), -x)


def test_one_convolution_of_the_stem_reads_the_picture():
    stem = ResidualStem(in_channels=3, channels=8)
    readers = [m for m in stem.modules() if isinstance(m, torch.nn.Conv2d) and m.in_channels == 3]
    assert readers == [stem.entry]


def test_a_dense_block_without_its_join_is_the_identity():
    block = ResidualDense(in_channels=6, channels=6, depth=2).eval()
    torch.nn.init.zeros_(block.join.weight)
    torch.nn.init.zeros_(block.join.bias)
    x = torch.randn(1, 6, 5, 4)
    assert torch.equal(block(x), x)


def test_a_dense_block_has_the_weights_of_its_formula():
    channels, depth, grown = 8, 3, 4
    found = numbers(ResidualDense(in_channels=8, channels=8, depth=3, growth=0.5))
    convolutions = sum(9 * (channels + i * grown) * grown + 2 * grown for i in range(depth))
    assert found == convolutions + (channels + depth * grown) * channels + channels


@pytest.mark.parametrize('level', [-40.0, 40.0])
def test_attention_weighs_the_trunk_by_one_to_two(level):
    block = ResidualAttention(in_channels=4, channels=4).eval()
    torch.nn.init.zeros_(block.mask[2].weight)
    torch.nn.init.constant_(block.mask[2].bias, level)
    x = torch.randn(1, 4, 7, 6)
    torch.testing.assert_close(block(x), (1 + (level > 0)) * block.trunk(x))


def test_cbam_without_weights_gives_a_quarter():
    block = Cbam(in_channels=8, channels=8).eval()
    for weight in block.parameters():
        torch.nn.init.zeros_(weight)
    x = torch.randn(2, 8, 5, 5)
    torch.testing.assert_close(block(x), x / 4)  # two gates at one half


@pytest.mark.parametrize('kind', [Cbam, ResidualAttention, ResidualDense])
def test_a_block_that_keeps_its_channels_says_so(kind):
    with pytest.raises(InputError, match=f'{kind.__name__} keeps its channels.*6 of 4'):
        kind(in_channels=4, channels=6)


@pytest.mark.parametrize('kind', [ResidualAttention, ResidualDense, ResidualStem, ResidualUnit])
def test_every_weight_gets_a_gradient(kind):
    torch.manual_seed(0)
    block = kind(in_channels=4, channels=4)
    block(torch.randn(2, 4, 9, 8)).square().sum().backward()
    assert all(bool((p.grad != 0).any()) for p in block.parameters())
