"""Ways up meet the size of the skip, and a flow moves what it says by how much it says."""

import pytest
import torch
import torch.nn.functional as F

from fusionls.models.blocks import (
    BilinearUpsampling,
    DataDependentUpsampling,
    FlowAlignment,
    TransposedUpsampling,
)
from fusionls.models.blocks.upsampling import warped

WAYS = [BilinearUpsampling, DataDependentUpsampling, FlowAlignment, TransposedUpsampling]


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('size', [(8, 10), (9, 11), (7, 9), (16, 20)])
def test_every_way_meets_the_size_of_the_skip(way, size):
    made = way(in_channels=6, skip_channels=4)
    found = made(torch.randn(2, 6, 4, 5), torch.randn(2, 4, *size))
    assert found.shape == (2, made.channels, *size)


def test_a_pixel_becomes_the_four_that_the_map_says():
    way = DataDependentUpsampling(in_channels=3, skip_channels=2)
    x = torch.randn(1, 3, 4, 4)
    found = way(x, torch.zeros(1, 2, 8, 8))
    four = way.project.weight[:, :, 0, 0] @ x[0, :, 1, 2]  # (8,): channel, row, column
    torch.testing.assert_close(found[0, :, 2:4, 4:6], four.reshape(2, 2, 2))


def test_a_flow_of_zero_is_bilinear_interpolation():
    x = torch.randn(2, 3, 5, 4)
    found = warped(x, torch.zeros(2, 2, 10, 12))
    expected = F.interpolate(x, size=(10, 12), mode='bilinear', align_corners=False)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(('right', 'down'), [(1, 0), (0, 2), (-3, 1)])
def test_a_flow_of_whole_pixels_moves_the_map(right, down):
    x = torch.randn(1, 2, 12, 14)
    flow = torch.tensor([right, down]).float().reshape(1, 2, 1, 1).expand(1, 2, 12, 14)
    moved = torch.roll(x, (-down, -right), (2, 3))
    inner = (..., slice(3, -3), slice(3, -3))
    torch.testing.assert_close(warped(x, flow)[inner], moved[inner], atol=1e-5, rtol=1e-4)


def test_alignment_starts_as_bilinear_interpolation():
    way = FlowAlignment(in_channels=3, skip_channels=2)
    x, skip = torch.randn(1, 3, 4, 4), torch.randn(1, 2, 8, 8)
    expected = F.interpolate(x, size=(8, 8), mode='bilinear', align_corners=False)
    torch.testing.assert_close(way(x, skip), expected, atol=1e-5, rtol=1e-5)


def test_alignment_learns_where_the_coarse_map_lies():
    torch.manual_seed(0)
    way = FlowAlignment(in_channels=1, skip_channels=1, hidden=4)
    ground = F.interpolate(torch.randn(4, 1, 6, 6), size=(24, 24), mode='bicubic')
    coarse = F.avg_pool2d(torch.roll(ground, 2, 3), 2)  # lies two pixels too far right
    optimiser = torch.optim.Adam(way.parameters(), lr=0.05)
    inner = (..., slice(4, -4), slice(4, -4))
    errors = []
    for _ in range(100):
        error = (way(coarse, ground) - ground)[inner].square().mean()
        errors.append(error.item())
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
    assert errors[-1] < 0.1 * errors[0]


@pytest.mark.parametrize('way', WAYS[1:])
def test_every_weight_gets_a_gradient(way):
    torch.manual_seed(0)
    made = way(in_channels=4, skip_channels=3)
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.1)  # a flow of zero would tell its maps nothing
    made(torch.randn(1, 4, 4, 4), torch.randn(1, 3, 8, 8)).square().sum().backward()
    assert all(bool((p.grad != 0).any()) for p in made.parameters())


def test_half_precision_moves_nothing_that_single_precision_leaves():
    torch.manual_seed(0)
    x = torch.randn(1, 2, 96, 96).bfloat16()
    found = warped(x, torch.zeros(1, 2, 192, 192, dtype=torch.bfloat16))
    assert found.dtype == torch.bfloat16
    expected = warped(x.float(), torch.zeros(1, 2, 192, 192)).bfloat16()
    assert torch.equal(found, expected)


def test_double_precision_stays_double():
    flow = torch.zeros(1, 2, 6, 6, dtype=torch.float64)
    assert warped(torch.randn(1, 2, 3, 3, dtype=torch.float64), flow).dtype == torch.float64
