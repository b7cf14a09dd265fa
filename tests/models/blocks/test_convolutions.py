"""Blocks are what mmseg's are, weight for weight, and chains hand on from one to the next."""

import torch
from mmseg.models.backbones.unet import BasicConvBlock

from fusionls.models.blocks import Chain, ConvPair


def test_a_pair_is_the_block_of_mmsegs_unet():
    torch.manual_seed(0)
    pair, reference = ConvPair(in_channels=3, channels=8), BasicConvBlock(3, 8)
    pair.load_state_dict(
        {name.removeprefix('convs.'): w for name, w in reference.state_dict().items()}
    )
    x = torch.randn(2, 3, 9, 7)
    assert torch.equal(pair(x), reference(x))


def test_a_chain_is_its_blocks_one_after_the_other():
    chain = Chain(
        blocks=[dict(type='ConvPair'), dict(type='ResidualUnit')], in_channels=3, channels=4
    ).eval()
    x = torch.randn(1, 3, 8, 8)
    assert torch.equal(chain(x), chain[1](chain[0](x)))


def test_norm_and_activation_reach_every_block_of_a_chain():
    chain = Chain(
        blocks=[dict(type='ConvPair')] * 2,
        in_channels=3,
        channels=4,
        norm_cfg=dict(type='GN', num_groups=2),
        act_cfg=dict(type='GELU'),
    )
    kinds = [type(module).__name__ for module in chain.modules()]
    assert kinds.count('GroupNorm') == kinds.count('GELU') == 4
    assert 'BatchNorm2d' not in kinds
