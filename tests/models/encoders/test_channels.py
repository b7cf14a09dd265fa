"""Any registered backbone reads any number of channels, and keeps what it knew of pictures."""

import pytest
import torch
from mmengine.model import BaseModule
from torch import nn

from fusionls.errors import InputError
from fusionls.models.encoders import TimmEncoder
from fusionls.models.encoders.branch import Branch
from fusionls.models.encoders.channels import (
    adapt_channels,
    adapted_weight,
    first_convolution,
    measured_levels,
)
from fusionls.models.levels import LevelSpec
from fusionls.registry import MODELS


def mmseg_resnet():
    from mmseg.models import ResNet

    return dict(type=ResNet, depth=18, norm_cfg=dict(type='BN'), base_channels=8)


def mmseg_mit_b0():
    from mmseg.models import MixVisionTransformer

    return dict(
        type=MixVisionTransformer, embed_dims=8, num_layers=[1, 1, 1, 1], num_heads=[1, 2, 5, 8]
    )


def mmseg_swin():
    from mmseg.models import SwinTransformer

    return dict(
        type=SwinTransformer,
        embed_dims=8,
        depths=(1, 1, 1, 1),
        num_heads=(1, 2, 2, 2),
        window_size=4,
    )


def mmdet_resnet():
    from mmdet.models import ResNet

    return dict(type=ResNet, depth=18, base_channels=8)


def mmdet_swin():
    from mmdet.models import SwinTransformer

    return dict(
        type=SwinTransformer,
        embed_dims=8,
        depths=(1, 1, 1, 1),
        num_heads=(1, 2, 2, 2),
        window_size=4,
    )


def mmpretrain_convnext():
    models = pytest.importorskip('mmpretrain.models')
    arch = {'depths': [1, 1, 1, 1], 'channels': [8, 8, 16, 16]}
    return dict(
        type=models.ConvNeXt, arch=arch, out_indices=(0, 1, 2, 3), gap_before_final_norm=False
    )


def mmpretrain_mobilenet():
    models = pytest.importorskip('mmpretrain.models')
    return dict(type=models.MobileNetV2, widen_factor=0.25, out_indices=(1, 2, 4, 7))


def timm_resnet18():
    return dict(type=TimmEncoder, name='resnet18')


def timm_lite0():
    return dict(type=TimmEncoder, name='tf_efficientnet_lite0')


STRIDES = {
    mmseg_resnet: [4, 8, 16, 32],
    mmseg_mit_b0: [4, 8, 16, 32],
    mmseg_swin: [4, 8, 16, 32],
    mmdet_resnet: [4, 8, 16, 32],
    mmdet_swin: [4, 8, 16, 32],
    mmpretrain_convnext: [4, 8, 16, 32],
    mmpretrain_mobilenet: [4, 8, 16, 32],
    timm_resnet18: [2, 4, 8, 16, 32],
    timm_lite0: [2, 4, 8, 16, 32],
}
every_backbone = pytest.mark.parametrize(
    'config', list(STRIDES), ids=[function.__name__ for function in STRIDES]
)


def built(config):
    torch.manual_seed(0)
    encoder = MODELS.build(config())
    if hasattr(encoder, 'init_weights'):
        encoder.init_weights()
    encoder.train(False)
    return encoder


@torch.no_grad()
def features(encoder, x):
    return encoder(x)


@every_backbone
@pytest.mark.parametrize('channels', [1, 2, 5])
def test_a_branch_of_any_backbone_reads_any_number_of_channels(config, channels):
    torch.manual_seed(0)
    branch = Branch(encoder=config(), channels=channels)
    branch.init_weights()
    branch.train(False)
    values = torch.randn(2, channels, 64, 64)
    valid = torch.rand(2, 1, 64, 64) < 0.8
    out = features(branch, (values, valid))
    assert [level.stride for level in branch.levels] == STRIDES[config]
    for feature, level in zip(out, branch.levels, strict=True):
        assert feature.shape == (2, level.channels, 64 // level.stride, 64 // level.stride)
        assert feature.isfinite().all()
    other = features(branch, (values, torch.ones_like(valid)))
    assert not torch.equal(other[0], out[0])  # the mask is read


@every_backbone
def test_a_coarse_branch_counts_its_strides_in_base_pixels(config):
    branch = Branch(encoder=config(), channels=1, factor=4)
    assert [level.stride for level in branch.levels] == [4 * s for s in STRIDES[config]]


@every_backbone
@pytest.mark.parametrize('channels', [1, 2, 4, 7])
def test_equal_channels_give_the_features_of_a_grey_picture(config, channels):
    encoder = built(config)
    grey = torch.randn(1, 1, 64, 64)
    expected = features(encoder, grey.expand(-1, 3, -1, -1))
    adapt_channels(encoder, channels)
    encoder.train(False)
    found = features(encoder, grey.expand(-1, channels, -1, -1))
    for one, other in zip(found, expected, strict=True):
        scale = float(other.abs().max())
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4 * max(scale, 1.0))


@every_backbone
def test_three_channels_change_nothing(config):
    encoder = built(config)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    adapt_channels(encoder, 3)
    after = encoder.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_the_rule_is_the_mean_over_the_old_channels_times_three_over_c():
    weight = torch.arange(12.0).reshape(1, 3, 2, 2)
    found = adapted_weight(weight, 5)
    expected = weight.mean(1, keepdim=True) * 3 / 5
    assert found.shape == (1, 5, 2, 2)
    torch.testing.assert_close(found, expected.expand_as(found))


def test_fresh_kernels_differ_and_answer_noise_as_loudly_as_before():
    torch.manual_seed(0)
    weight = 0.3 * torch.randn(64, 3, 7, 7)
    found = adapted_weight(weight, 11, 'fresh')
    assert found.shape == (64, 11, 7, 7)
    # the same variance of the output for independent inputs of one variance
    assert float(found.square().sum((1, 2, 3)).mean()) == pytest.approx(
        float(weight.square().sum((1, 2, 3)).mean()), rel=0.05
    )
    between = torch.corrcoef(found.transpose(0, 1).flatten(1))
    assert float((between - torch.eye(11)).abs().max()) < 0.1


@pytest.mark.parametrize('adaptation', ['mean', 'repeat'])
def test_a_branch_that_learned_nothing_yet_tells_its_layers_apart(adaptation):
    encoder = dict(type='TimmEncoder', name='resnet10t', levels=[0, 1])
    branch = Branch(encoder=encoder, channels=2, adaptation=adaptation)
    branch.init_weights()
    weight = branch.encoder.get_submodule(first_convolution_of(branch.encoder, 3)).weight
    assert torch.linalg.matrix_rank(weight.transpose(0, 1).flatten(1)) == 3


def first_convolution_of(encoder, channels):
    """Name of the convolution that reads so many channels."""
    return next(
        name
        for name, module in encoder.named_modules()
        if isinstance(module, nn.Conv2d) and module.in_channels == channels
    )


def test_bias_padding_and_class_of_the_convolution_are_kept():
    encoder = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1, dilation=2, bias=True, padding_mode='reflect')
    )
    old = encoder[0]
    adapt_channels(encoder, 6)
    new = encoder[0]
    assert new is not old
    assert torch.equal(new.bias, old.bias)
    assert (new.stride, new.padding, new.dilation) == (old.stride, old.padding, old.dilation)
    assert new.padding_mode == 'reflect'


class Odd(BaseModule):
    """Reads something else than a picture, or in groups."""

    def __init__(self, channels, groups=1):
        super().__init__()
        self.stem = nn.Conv2d(channels, 6, 3, groups=groups)

    def forward(self, x):
        return self.stem(x)


def test_an_encoder_that_reads_no_picture_is_refused():
    with pytest.raises(InputError, match='Odd has no convolution with 3 input channels'):
        first_convolution(Odd(5))


def test_a_grouped_first_convolution_is_refused():
    with pytest.raises(InputError, match='the first convolution of Odd is grouped'):
        adapt_channels(Odd(3, groups=3), 4)


def test_an_encoder_that_pools_its_features_away_is_refused():
    with pytest.raises(InputError, match=r'Sequential yields no map but \(1, 5, 16, 16, 1\)'):
        measured_levels(nn.Sequential(nn.Conv2d(3, 5, 8, stride=8), nn.Unflatten(3, (16, 1))), 3)


def test_levels_are_measured_without_moving_anything():
    encoder = built(timm_resnet18)
    encoder.train()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    assert measured_levels(encoder, 3)[:2] == [LevelSpec(64, 2), LevelSpec(64, 4)]
    assert encoder.training
    assert all(torch.equal(v, before[n]) for n, v in encoder.state_dict().items())


def test_an_encoder_that_yields_one_tensor_has_one_level():
    assert measured_levels(nn.Conv2d(3, 5, 4, stride=4), 3) == [LevelSpec(5, 4)]
