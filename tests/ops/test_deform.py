import itertools

import pytest
import torch
import torch.nn.functional as F
from mmcv.ops import (
    DeformConv2dPack,
    ModulatedDeformConv2dPack,
    deform_conv2d,
    modulated_deform_conv2d,
)
from torch.autograd import gradcheck

from fusionls.errors import InputError
from fusionls.ops.deform import deform_conv_backward_parameters, deform_conv_forward

# Unequal along rows and columns, so that no pair can be taken for the other.
STRIDE, PADDING, DILATION = (2, 1), (1, 2), (1, 2)
GROUPS, DEFORM_GROUPS = 2, 2


def uniform(*shape, seed, low=-1.0, high=1.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64) * (high - low) + low


@pytest.fixture
def case():
    """Input, offset, mask, weight and bias of a 3 x 2 kernel; offsets off whole pixels."""
    height, width = 5, 6
    rows = (height + 2 * PADDING[0] - DILATION[0] * 2 - 1) // STRIDE[0] + 1
    columns = (width + 2 * PADDING[1] - DILATION[1] - 1) // STRIDE[1] + 1
    whole = torch.randint(
        -2,
        3,
        (2, DEFORM_GROUPS * 12, rows, columns),
        generator=torch.Generator().manual_seed(9),
    )
    return {
        'input': uniform(2, 4, height, width, seed=1),
        'offset': whole + uniform(*whole.shape, seed=2, low=0.1, high=0.9),
        'mask': uniform(2, DEFORM_GROUPS * 6, rows, columns, seed=3, low=0.0),
        'weight': uniform(6, 4 // GROUPS, 3, 2, seed=4),
        'bias': uniform(6, seed=5),
    }


def bilinear(plane, y, x):
    """Zero outside; each pixel's tent is one wide."""
    return sum(
        float(plane[r, s]) * max(0.0, 1 - abs(y - r)) * max(0.0, 1 - abs(x - s))
        for r, s in itertools.product(range(plane.shape[0]), range(plane.shape[1]))
    )


def reference(input, offset, weight, mask=None, bias=None):
    """Zhu et al. (2019), eq. 1, cell by cell."""
    channels, kernel_rows, kernel_columns = weight.shape[1:]
    output = torch.zeros(len(input), len(weight), *offset.shape[2:], dtype=torch.float64)
    for n, d, i, j in itertools.product(*map(range, output.shape)):
        group = d // (len(weight) // GROUPS)
        for c, a, b in itertools.product(
            range(channels), range(kernel_rows), range(kernel_columns)
        ):
            source = group * channels + c
            deform_group = source // (input.shape[1] // DEFORM_GROUPS)
            cell = (deform_group * kernel_rows + a) * kernel_columns + b
            y = i * STRIDE[0] - PADDING[0] + a * DILATION[0] + float(offset[n, 2 * cell, i, j])
            x = j * STRIDE[1] - PADDING[1] + b * DILATION[1] + float(offset[n, 2 * cell + 1, i, j])
            factor = 1.0 if mask is None else float(mask[n, cell, i, j])
            output[n, d, i, j] += (
                float(weight[d, c, a, b]) * factor * bilinear(input[n, source], y, x)
            )
        if bias is not None:
            output[n, d, i, j] += float(bias[d])
    return output


def plain(input, offset, weight, im2col_step=32):
    return deform_conv2d(
        input, offset, weight, STRIDE, PADDING, DILATION, GROUPS, DEFORM_GROUPS, False, im2col_step
    )


def modulated(input, offset, mask, weight, bias=None):
    return modulated_deform_conv2d(
        input, offset, mask, weight, bias, STRIDE, PADDING, DILATION, GROUPS, DEFORM_GROUPS
    )


def test_deform_conv_equals_plain_loops(case):
    found = plain(case['input'], case['offset'], case['weight'])
    expected = reference(case['input'], case['offset'], case['weight'])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize('with_bias', [True, False])
def test_modulated_deform_conv_equals_plain_loops(case, with_bias):
    bias = case['bias'] if with_bias else None
    found = modulated(case['input'], case['offset'], case['mask'], case['weight'], bias)
    expected = reference(case['input'], case['offset'], case['weight'], case['mask'], bias)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


def test_without_offset_it_is_a_convolution(case):
    found = plain(case['input'], torch.zeros_like(case['offset']), case['weight'])
    expected = F.conv2d(
        case['input'], case['weight'], None, STRIDE, PADDING, DILATION, groups=GROUPS
    )
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


def test_an_offset_of_one_row_down_reads_the_row_below(case):
    offset = torch.zeros_like(case['offset'])
    offset[:, 0::2] = 1
    found = plain(case['input'], offset, case['weight'])
    below = F.pad(case['input'], (0, 0, 0, 1))[:, :, 1:]
    expected = F.conv2d(
        F.pad(below, (PADDING[1], PADDING[1], PADDING[0], PADDING[0])),
        case['weight'],
        None,
        STRIDE,
        0,
        DILATION,
        groups=GROUPS,
    )
    # Row -1 + 1 = 0 is data, where the shifted picture has padding: compare the rows below.
    torch.testing.assert_close(found[:, :, 1:], expected[:, :, 1:], rtol=1e-12, atol=1e-13)


def test_a_mask_of_zero_leaves_the_bias(case):
    found = modulated(
        case['input'],
        case['offset'],
        torch.zeros_like(case['mask']),
        case['weight'],
        case['bias'],
    )
    expected = case['bias'][None, :, None, None].expand_as(found)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_the_im2col_step_changes_nothing(case):
    tensors = case['input'], case['offset'], case['weight']
    torch.testing.assert_close(plain(*tensors, 1), plain(*tensors, 2), rtol=1e-13, atol=1e-14)


def test_deform_conv_has_the_gradients_of_its_finite_differences(case):
    tensors = [case[name].requires_grad_() for name in ('input', 'offset', 'weight')]
    assert gradcheck(plain, tensors, fast_mode=True)


@pytest.mark.parametrize('with_bias', [True, False])
def test_modulated_deform_conv_has_the_gradients_of_its_finite_differences(case, with_bias):
    names = ['input', 'offset', 'mask', 'weight', *(['bias'] if with_bias else [])]
    tensors = [case[name].requires_grad_() for name in names]
    assert gradcheck(modulated, tensors, fast_mode=True)


def test_only_the_gradients_asked_for_are_made(case):
    weight = case['weight'].requires_grad_()
    plain(case['input'], case['offset'], weight).sum().backward()
    assert weight.grad.abs().sum() > 0
    assert case['input'].grad is None


def geometry(weight):
    return {
        'kW': weight.shape[3],
        'kH': weight.shape[2],
        'dW': STRIDE[1],
        'dH': STRIDE[0],
        'padW': PADDING[1],
        'padH': PADDING[0],
        'dilationW': DILATION[1],
        'dilationH': DILATION[0],
        'im2col_step': 1,
    }


def test_the_weight_gradient_is_added_scaled(case):
    weight = case['weight'].requires_grad_()
    output = plain(case['input'], case['offset'], weight)
    grad_output = uniform(*output.shape, seed=6)
    (expected,) = torch.autograd.grad(output, weight, grad_output)
    found = torch.ones_like(weight).detach()
    unused = torch.empty(0)
    deform_conv_backward_parameters(
        case['input'],
        case['offset'],
        grad_output,
        found,
        unused,
        unused,
        group=GROUPS,
        deformable_group=DEFORM_GROUPS,
        scale=0.5,
        **geometry(weight),
    )
    torch.testing.assert_close(found, 1 + 0.5 * expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ('group', 'deformable_group', 'complaint'),
    [
        (1, 2, r'the input has 4 channels, .* in 1 groups takes 2'),
        (2, 1, r'the offset has 24 channels, but 1 deformable groups of a 3 x 2 kernel take 12'),
    ],
)
def test_groups_that_do_not_fit_the_tensors_are_refused(case, group, deformable_group, complaint):
    unused = torch.empty(0)
    with pytest.raises(InputError, match=complaint):
        deform_conv_forward(
            case['input'],
            case['weight'],
            case['offset'],
            unused,
            unused,
            unused,
            group=group,
            deformable_group=deformable_group,
            **geometry(case['weight']),
        )


@pytest.mark.parametrize('layer', [DeformConv2dPack, ModulatedDeformConv2dPack])
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_the_layers_that_find_their_own_offsets_train(layer, dtype):
    torch.manual_seed(0)
    convolution = layer(3, 4, kernel_size=3, padding=1)
    features = torch.rand(2, 3, 6, 6, requires_grad=True)
    with torch.autocast('cpu', dtype, enabled=dtype == torch.bfloat16):
        output = convolution(features)
    output.float().square().sum().backward()
    gradients = [features.grad, *(parameter.grad for parameter in convolution.parameters())]
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert all(gradient.abs().sum() > 0 for gradient in gradients)
