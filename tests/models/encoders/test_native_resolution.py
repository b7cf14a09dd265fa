"""Each branch at its own pixel size: where it enters, what it costs, encoders of any family."""

import pytest
import torch
from mmpretrain.models import MobileNetV2
from mmseg.models import MixVisionTransformer
from torch.utils.flop_counter import FlopCounterMode

from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import CompensatingFusion

LITE = dict(type=TimmEncoder, name='tf_efficientnet_lite0')


def flops(module, *given):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(*given)
    return counter.get_total_flops()


def given(channels, side):
    return torch.randn(1, channels, side, side), torch.ones(1, 1, side, side, dtype=torch.bool)


def test_an_insar_branch_at_factor_8_costs_less_than_a_twentieth_of_the_optical_one():
    backbone = MultiBranchEncoder(
        branches=dict(
            optical=dict(encoder=LITE, channels=4),
            insar=dict(encoder=dict(LITE, levels=[0, 1]), channels=2, factor=8),
        ),
        fusion=dict(type=CompensatingFusion),
    ).eval()
    optical = flops(backbone.branches['optical'], given(4, 256))
    insar = flops(backbone.branches['insar'], given(2, 32))
    assert insar < 0.05 * optical
    assert 1e8 < optical < 1e9  # EfficientNet-Lite0 has 0.4 GFLOP of multiply-adds at 224 pixels


@pytest.mark.parametrize('factor', [2, 4, 8])
def test_a_coarse_branch_enters_where_its_strides_meet_those_of_the_finest(factor):
    backbone = MultiBranchEncoder(
        branches=dict(
            optical=dict(encoder=LITE, channels=4),
            insar=dict(encoder=LITE, channels=2, factor=factor),
        ),
        fusion=dict(type=CompensatingFusion),
    )
    enters = [sorted(fusion.widths) for fusion in backbone.fusions]
    for level, names in zip(backbone.levels, enters, strict=True):
        assert ('insar' in names) == (level.stride >= 2 * factor)


def test_branches_of_different_families_are_fused_and_all_learn():
    torch.manual_seed(0)
    backbone = MultiBranchEncoder(
        branches=dict(
            optical=dict(
                encoder=dict(
                    type=MixVisionTransformer,
                    embed_dims=8,
                    num_heads=[1, 2, 2, 4],
                    num_layers=[1, 1, 1, 1],
                ),
                channels=4,
            ),
            terrain=dict(encoder=dict(type=MobileNetV2, out_indices=(1, 2, 4, 6)), channels=2),
            insar=dict(
                encoder=dict(type=TimmEncoder, name='resnet10t', levels=[0, 1]),
                channels=1,
                factor=8,
            ),
        ),
        fusion=dict(type=CompensatingFusion),
    ).train()
    inputs = dict(
        optical=(torch.randn(2, 4, 96, 128), torch.rand(2, 1, 96, 128) > 0.2),
        terrain=(torch.randn(2, 2, 96, 128), torch.rand(2, 1, 96, 128) > 0.2),
        insar=(torch.randn(2, 1, 12, 16), torch.rand(2, 1, 12, 16) > 0.2),
    )
    levels = backbone(inputs)
    assert [96 // level.shape[2] for level in levels] == [4, 8, 16, 32]
    sum(level.square().mean() for level in levels).backward()
    for name, branch in backbone.branches.items():
        moved = [p.grad is not None and bool(p.grad.any()) for p in branch.parameters()]
        assert sum(moved) > 0.6 * len(moved), name
