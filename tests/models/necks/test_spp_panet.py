import pytest
import torch

from fusionls.errors import InputError
from fusionls.models.necks import SppPanet


def weights_of(kind, in_channels, widths):
    neck = SppPanet(in_channels=in_channels, widths=widths, kind=kind)
    return sum(p.numel() for p in neck.parameters())


def pair(inputs, outputs, side):
    """Weights of a dense convolution with its norm."""
    return side**2 * inputs * outputs + 2 * outputs


def chain(inputs, width, links):
    """Weights of 1 x 1, 3 x 3, 1 x 1, ... convolutions."""
    first = pair(inputs, width, 1)
    return first + links // 2 * (pair(width, 2 * width, 3) + pair(2 * width, width, 1))


def test_weights_are_those_of_the_neck_of_yolov4():
    total = chain(1024, 512, 3) + chain(2048, 512, 3)
    for fine, coarse, lateral in ((256, 512, 512), (128, 256, 256)):
        total += pair(coarse, fine, 1) + pair(lateral, fine, 1) + chain(2 * fine, fine, 5)
        total += pair(fine, coarse, 3) + chain(2 * coarse, coarse, 5)
    assert weights_of('dense', [256, 512, 1024], [128, 256, 512]) == total


def test_the_other_kinds_weigh_less():
    sizes = [40, 112, 160], [32, 64, 128]
    dense, grouped, separable = (weights_of(k, *sizes) for k in ('dense', 'grouped', 'separable'))
    assert dense > 2 * grouped > 2 * separable


def test_every_level_reaches_every_other():
    torch.manual_seed(0)
    given = [torch.randn(2, 8, 32 >> i, 32 >> i, requires_grad=True) for i in range(3)]
    found = SppPanet(in_channels=[8, 8, 8], widths=[4, 8, 16]).eval()(given)
    assert [tuple(f.shape[1:]) for f in found] == [(4, 32, 32), (8, 16, 16), (16, 8, 8)]
    for out in found:
        reached = torch.autograd.grad(out.sum(), given, retain_graph=True)
        assert all(float(grad.abs().sum()) > 0 for grad in reached)


def test_pooling_sees_six_pixels_far():
    torch.manual_seed(0)
    # kernels that are zero but in their middle see no neighbours, so that pooling alone does
    neck = SppPanet(in_channels=[4, 4], widths=[4, 4], kind='dense').eval()
    for link in (neck.before_pooling[1], neck.after_pooling[1]):
        middle = link.conv.weight.data[:, :, 1, 1].clone()
        link.conv.weight.data.zero_()[:, :, 1, 1] = middle
    pooled = []
    neck.after_pooling.register_forward_hook(lambda module, read, made: pooled.append(made))
    fine, coarse = torch.zeros(1, 4, 64, 64), torch.zeros(1, 4, 32, 32)
    neck([fine, coarse])
    coarse[..., 16, 16] = 100.0
    neck([fine, coarse])
    changed = (pooled[0] != pooled[1]).any(1)[0]
    rows, cols = torch.nonzero(changed, as_tuple=True)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (10, 22, 10, 22)


def test_levels_without_a_width_are_refused():
    with pytest.raises(InputError, match='3 levels are read and 2 made'):
        SppPanet(in_channels=[8, 8, 8], widths=[4, 8])
