import pytest
import torch

from fusionls.errors import InputError
from fusionls.models.necks import BiFPN
from fusionls.models.necks.bifpn import WeightedSum


def test_a_weighted_sum_is_fast_normalised_fusion():
    fusion = WeightedSum(3)
    fusion.weights.data = torch.tensor([1.0, 3.0, -2.0])  # a weight below zero counts as none
    a, b, c = torch.randn(3, 1, 2, 4, 4)
    torch.testing.assert_close(fusion([a, b, c]), (a + 3 * b) / 4.0001)


def levels(count=3):
    torch.manual_seed(0)
    return [torch.randn(2, 4 * 2**i, 32 >> i, 32 >> i, requires_grad=True) for i in range(count)]


def test_one_round_carries_every_level_to_every_other():
    given = levels()
    neck = BiFPN(in_channels=[4, 8, 16], channels=6).eval()
    for out in neck(given):
        reached = torch.autograd.grad(out.sum(), given, retain_graph=True)
        assert all(float(grad.abs().sum()) > 0 for grad in reached)


def test_weights_of_zero_cut_the_way_down():
    given = levels()
    neck = BiFPN(in_channels=[4, 8, 16], channels=6).eval()
    for node in neck.rounds[0].down:
        node.sum.weights.data[1] = 0.0  # what comes from the coarser level
    finest, *_ = neck(given)
    grads = torch.autograd.grad(finest.sum(), given)
    assert [float(g.abs().sum()) > 0 for g in grads] == [True, False, False]


@pytest.mark.parametrize('count', [2, 3, 5])
def test_a_round_has_the_nodes_of_figure_2d(count):
    channels = 6
    widths = [4 * 2**i for i in range(count)]
    weights = sum(p.numel() for p in BiFPN(in_channels=widths, channels=channels).parameters())
    laterals = sum(width * channels + 2 * channels for width in widths)
    # separable 3 x 3 with two batch norms
    node = 9 * channels + channels**2 + 4 * channels
    inputs = 2 * (count - 1) + 3 * (count - 2) + 2  # down; up; the coarsest on the way up
    assert weights == laterals + 2 * (count - 1) * node + inputs


def test_a_single_level_is_refused():
    with pytest.raises(InputError, match='got 1 levels and 1 rounds'):
        BiFPN(in_channels=[4], channels=4)
