import torch
from mmpretrain.models.backbones import MobileNetV3
from timm.layers.coord_attn import CoordAttn
from torch import nn

from fusionls.models.encoders import CoordinateMobileNet
from fusionls.models.encoders.valid_norm import use_valid_norms


def test_without_coordinate_attention_it_is_mobilenet():
    torch.manual_seed(0)
    theirs = MobileNetV3('large', out_indices=(6, 12, 16))
    ours = CoordinateMobileNet(coordinate=False)
    theirs.eval()  # returns None
    ours.eval()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(1, 3, 64, 64)
    for expected, found in zip(theirs(x), ours(x), strict=True):
        assert torch.equal(found, expected)


def test_every_squeeze_of_mobilenet_becomes_coordinate_attention():
    encoder = CoordinateMobileNet()
    attention = [module for module in encoder.modules() if isinstance(module, CoordAttn)]
    assert len(attention) == 8  # rows with SE in table 1 of MobileNetV3
    # of 1 x 1 convolutions: C / 32 hidden channels, at least 8
    assert [a.conv1.out_channels for a in attention] == [8, 8, 8, 16, 24, 24, 32, 32]


def test_norms_over_rows_and_columns_are_not_weighted_by_the_mask():
    encoder = CoordinateMobileNet()
    use_valid_norms(encoder)
    strips = [m.bn1 for m in encoder.modules() if isinstance(m, CoordAttn)]
    assert not any(hasattr(norm, 'share') for norm in strips)
    others = [m for m in encoder.modules() if isinstance(m, nn.BatchNorm2d) and m not in strips]
    assert all(hasattr(norm, 'share') for norm in others)
