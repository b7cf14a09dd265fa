"""The head that pools again is SegNet, whose encoder hands over where the maxima lay."""

import pytest
import torch
import torch.nn.functional as F

from fusionls.errors import InputError
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.heads import SegNetHead

WIDTHS = [64, 128, 256, 512, 512]


def as_in_the_paper(encoder, head, x):
    """Encoder and decoder in one go: pooling keeps places, unpooling reads them, nothing else."""
    places, sizes = [], []
    for layer in [*encoder.model.values(), torch.nn.MaxPool2d(2)]:
        if isinstance(layer, torch.nn.MaxPool2d):
            sizes.append(x.shape[2:])
            x, where = F.max_pool2d(x, 2, return_indices=True)
            places.append(where)
        else:
            x = layer(x)
    for step in head.steps:
        x = F.max_unpool2d(x, places.pop(), 2, output_size=sizes.pop())
        x = step(x)
    return head.conv_seg(x)


@pytest.mark.parametrize('size', [(32, 64), (45, 39)])
def test_levels_without_places_make_the_same_network(size):
    torch.manual_seed(0)
    encoder = TimmEncoder(name='vgg16_bn', levels=[0, 1, 2, 3, 4]).eval()
    head = SegNetHead(in_channels=WIDTHS, num_classes=2).eval()
    x = torch.randn(1, 3, *size)
    with torch.no_grad():
        found = head(encoder(x))
        assert found.shape == (1, 2, *size)
        assert torch.equal(found, as_in_the_paper(encoder, head, x))


def test_fused_levels_decode_too():
    torch.manual_seed(0)
    encoder = dict(type='UNetEncoder', widths=[4, 6])
    backbone = MultiBranchEncoder(
        branches=dict(
            optical=dict(encoder=encoder, channels=3), terrain=dict(encoder=encoder, channels=2)
        ),
        fusion=dict(type='ConcatFusion'),
    )
    head = SegNetHead(in_channels=[4, 6], depths=[2, 2], num_classes=2)
    valid = torch.ones(2, 1, 16, 16, dtype=torch.bool)
    optical, terrain = torch.randn(2, 3, 16, 16), torch.randn(2, 2, 16, 16)
    logits = head(backbone(dict(optical=(optical, valid), terrain=(terrain, valid))))
    assert logits.shape == (2, 2, 16, 16)
    logits.square().sum().backward()
    for branch in backbone.branches.values():  # places have no gradient, what they hold has
        assert all(p.grad is not None for p in branch.encoder.steps[1].parameters())


def test_finer_levels_tell_places_and_no_values():
    torch.manual_seed(0)
    head = SegNetHead(in_channels=[4, 6], depths=[1, 1], num_classes=2).eval()
    fine, coarse = torch.randn(1, 4, 8, 8), torch.randn(1, 6, 4, 4)
    with torch.no_grad():
        assert torch.equal(head((fine, coarse)), head((3 * fine + 1, coarse)))
        assert not torch.equal(head((fine, coarse)), head((-fine, coarse)))


def test_every_weight_gets_a_gradient():
    torch.manual_seed(0)
    head = SegNetHead(in_channels=[4, 6], depths=[2, 2], num_classes=2, dropout_ratio=0.0)
    head((torch.randn(2, 4, 9, 8), torch.randn(2, 6, 4, 4))).square().sum().backward()
    assert all(bool((p.grad != 0).any()) for p in head.parameters())


def test_another_number_of_depths_is_refused():
    with pytest.raises(InputError, match='2 levels and 5 depths; give one each'):
        SegNetHead(in_channels=[4, 6], num_classes=2)
