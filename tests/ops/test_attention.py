import itertools

import pytest
import torch
from mmcv.ops.multi_scale_deform_attn import (
    MultiScaleDeformableAttnFunction,
    multi_scale_deformable_attn_pytorch,
)
from torch.autograd import gradcheck

SHAPES = torch.tensor([[3, 4], [2, 2]])
STARTS = torch.tensor([0, 12])


@pytest.fixture
def case():
    """Value, locations and weights: 2 samples, 2 heads of 3, 5 queries, 2 levels, 2 points."""
    generator = torch.Generator().manual_seed(0)

    def uniform(*shape):
        return torch.rand(shape, generator=generator, dtype=torch.float64)

    locations = uniform(2, 5, 2, 2, 2, 2) * 1.6 - 0.3  # some of them outside
    return uniform(2, 16, 2, 3), locations, uniform(2, 5, 2, 2, 2)


def attend(value, locations, weights, step=64):
    return MultiScaleDeformableAttnFunction.apply(value, SHAPES, STARTS, locations, weights, step)


def reference(value, locations, weights):
    """Zhu et al. (2021), eq. 3, number by number; every pixel's tent is one wide."""
    samples, queries, heads, levels, points = weights.shape
    channels = value.shape[-1]
    output = torch.zeros(samples, queries, heads * channels, dtype=torch.float64)
    for n, q, h, level, p in itertools.product(
        *map(range, (samples, queries, heads, levels, points))
    ):
        rows, columns = SHAPES[level].tolist()
        x, y = locations[n, q, h, level, p].tolist()
        y, x = y * rows - 0.5, x * columns - 0.5
        for r, s in itertools.product(range(rows), range(columns)):
            tent = max(0.0, 1 - abs(y - r)) * max(0.0, 1 - abs(x - s))
            pixel = value[n, int(STARTS[level]) + r * columns + s, h]
            output[n, q, h * channels : (h + 1) * channels] += (
                weights[n, q, h, level, p] * tent * pixel
            )
    return output


def test_attention_equals_plain_loops(case):
    torch.testing.assert_close(attend(*case), reference(*case), rtol=1e-12, atol=1e-13)


def test_attention_equals_mmcvs_own_path_without_compiled_operators(case):
    value, locations, weights = case
    expected = multi_scale_deformable_attn_pytorch(value, SHAPES, locations, weights)
    torch.testing.assert_close(attend(*case), expected, rtol=1e-12, atol=1e-13)


def test_attention_has_the_gradients_of_its_finite_differences(case):
    assert gradcheck(attend, [tensor.requires_grad_() for tensor in case])


def test_a_location_at_a_pixel_centre_reads_that_pixel(case):
    value = case[0]
    locations = torch.zeros(2, 1, 2, 2, 1, 2, dtype=torch.float64)
    locations[..., 0, :, :] = torch.tensor([(2 + 0.5) / 4, (1 + 0.5) / 3])  # row 1, column 2
    weights = torch.zeros(2, 1, 2, 2, 1, dtype=torch.float64)
    weights[..., 0, :] = 1  # the first level only
    found = attend(value, locations, weights)
    torch.testing.assert_close(found[:, 0], value[:, 1 * 4 + 2].flatten(1), rtol=1e-6, atol=0)


def test_the_im2col_step_changes_nothing(case):
    assert torch.equal(attend(*case, 1), attend(*case, 2))


def test_half_precision_comes_back_as_half_precision(case):
    narrow = [tensor.bfloat16().requires_grad_() for tensor in case]
    output = attend(*narrow)
    output.float().sum().backward()
    assert output.dtype == torch.bfloat16
    wide = reference(*(tensor.detach().double() for tensor in narrow))
    torch.testing.assert_close(output.double(), wide, rtol=0.01, atol=0.01)
    assert all(tensor.grad.dtype == torch.bfloat16 for tensor in narrow)
