"""Attention at two scales, and the blocks of decoders that are made of it or look about."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fusionls.errors import InputError
from fusionls.models.blocks import AtrousPyramid, BalancedPair, ScaleAttention
from fusionls.models.blocks.multi_scale_attention import MultiScaleAttention


def silent(module):
    """The same with its last convolution at zero."""
    nn.init.zeros_(module[-1].weight)
    nn.init.zeros_(module[-1].bias)


def test_the_score_of_a_pixel_is_its_own_and_that_of_the_mean():
    torch.manual_seed(0)
    made = MultiScaleAttention(8)
    x = torch.randn(2, 8, 4, 5)
    mean = x.mean((2, 3), keepdim=True)
    silent(made.local)
    score = made(x, mean)
    assert torch.equal(score, score[..., :1, :1].expand_as(score))  # the map as a whole speaks
    changed = x.clone()
    changed[0, :, 1, 2] += 1
    silent(made.everywhere)
    torch.manual_seed(1)
    nn.init.normal_(made.local[-1].weight)
    moved = (made(changed, mean) != made(x, mean)).any(1)
    assert moved.sum() == 1
    assert moved[0, 1, 2]


def test_a_balance_that_knows_nothing_takes_the_mean_of_both():
    torch.manual_seed(0)
    block = BalancedPair(in_channels=16, channels=6).eval()
    silent(block.score.local)
    silent(block.score.everywhere)
    risen, fine = torch.randn(2, 2, 8, 4, 4).unbind()
    torch.testing.assert_close(block(torch.cat([risen, fine], 1)), block.mix((risen + fine) / 2))
    nn.init.constant_(block.score.local[-1].bias, 1e4)  # all for what is fine
    torch.testing.assert_close(block(torch.cat([risen, fine], 1)), block.mix(fine))


def test_what_has_no_halves_is_not_balanced():
    with pytest.raises(InputError, match='two halves, got 15 channels'):
        BalancedPair(in_channels=15, channels=4)


def test_scale_attention_lets_through_what_it_is_told_to():
    torch.manual_seed(0)
    way = ScaleAttention(in_channels=6, skip_channels=4)
    x, skip = torch.randn(2, 6, 4, 5), torch.randn(2, 4, 8, 10)
    risen = F.interpolate(x, (8, 10), mode='bilinear')
    weight = way.weigh[2](way.weigh[1](way.weigh[0](torch.cat([risen, skip], 1))))
    assert weight.shape == (2, 1, 8, 10)
    way.eval()
    nn.init.zeros_(way.weigh[1].weight)
    for bias, share in ((1e4, 1.0), (0.0, 0.5), (-1e4, 0.0)):
        nn.init.constant_(way.weigh[1].bias, bias)
        torch.testing.assert_close(way(x, skip), share * risen)


@pytest.mark.parametrize('far', [2, 4, 6])
def test_a_pyramid_sees_as_far_as_its_largest_dilation(far):
    torch.manual_seed(0)
    block = AtrousPyramid(in_channels=3, channels=8, dilations=(1, far)).eval()
    x = torch.randn(1, 3, 17, 17)
    changed = x.clone()
    changed[..., 8, 8] += 1
    moved = (block(x) != block(changed)).any(1)[0].nonzero() - 8
    assert moved.abs().amax() == far
    assert {tuple(place) for place in moved.tolist()} <= {
        (row, col) for row in (-far, 0, far) for col in (-far, 0, far)
    }
