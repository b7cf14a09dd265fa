"""Every served operator gives on a GPU what it gives on a CPU, gradients included."""

import pytest
import torch
from mmcv.ops import (
    RoIAlign,
    RoIPool,
    deform_conv2d,
    modulated_deform_conv2d,
    nms,
    sigmoid_focal_loss,
    soft_nms,
    softmax_focal_loss,
)
from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction

DEVICES = [
    pytest.param(
        'cuda',
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(not torch.cuda.is_available(), reason='needs CUDA; there is none'),
        ],
    )
]


def uniform(*shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def boxes(count):
    corner = uniform(count, 2, seed=1) * 5
    return torch.cat([corner, corner + uniform(count, 2, seed=2) * 6], 1)


ROIS = torch.cat([torch.tensor([[0.0], [1], [1], [0]]).double(), boxes(4)], 1)
LABELS = torch.tensor([0, 2, 1])
OFFSET, MASK = uniform(2, 18, 7, 8, seed=3) * 3 - 1.5, uniform(2, 9, 7, 8, seed=4)
WEIGHT = uniform(2, 3, 3, 3, seed=5)
FEATURES = uniform(2, 3, 7, 8, seed=6)
SHAPES, STARTS = torch.tensor([[3, 4], [2, 2]]), torch.tensor([0, 12])

DIFFERENTIABLE = {
    'roi_align_mean': (RoIAlign((2, 3)), [FEATURES, ROIS]),
    'roi_align_maximum': (RoIAlign((2, 3), pool_mode='max'), [FEATURES, ROIS]),
    'roi_pool': (RoIPool((2, 3)), [FEATURES, ROIS]),
    'deform_conv': (lambda x, o, w: deform_conv2d(x, o, w, 1, 1), [FEATURES, OFFSET, WEIGHT]),
    'modulated_deform_conv': (
        lambda x, o, m, w: modulated_deform_conv2d(x, o, m, w, None, 1, 1),
        [FEATURES, OFFSET, MASK, WEIGHT],
    ),
    'sigmoid_focal_loss': (
        lambda s, t: sigmoid_focal_loss(s, t, 2.0, 0.25, None, 'sum'),
        [uniform(3, 3, seed=7), LABELS],
    ),
    'softmax_focal_loss': (
        lambda s, t: softmax_focal_loss(s, t, 2.0, 0.25, None, 'sum'),
        [uniform(3, 3, seed=7), LABELS],
    ),
    'ms_deform_attn': (
        lambda v, s, t, x, w: MultiScaleDeformableAttnFunction.apply(v, s, t, x, w, 64),
        [
            uniform(2, 16, 2, 3, seed=8),
            SHAPES,
            STARTS,
            uniform(2, 5, 2, 2, 2, 2, seed=9),
            uniform(2, 5, 2, 2, 2, seed=10),
        ],
    ),
}


def result_and_gradients(function, tensors, device):
    moved = [tensor.to(device) for tensor in tensors]
    leaves = [
        tensor.requires_grad_()
        for tensor in moved
        if tensor.is_floating_point() and tensor.shape != ROIS.shape
    ]
    output = function(*moved)
    slope = torch.linspace(-1, 1, output.numel(), dtype=output.dtype, device=device)
    gradients = torch.autograd.grad(output, leaves, slope.view_as(output))
    return [tensor.cpu() for tensor in (output.detach(), *gradients)]


@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.parametrize('name', DIFFERENTIABLE)
def test_a_device_gives_the_result_and_gradients_of_the_cpu(name, device):
    function, tensors = DIFFERENTIABLE[name]
    tensors = [tensor.clone() for tensor in tensors]
    found = result_and_gradients(function, tensors, device)
    expected = result_and_gradients(function, [tensor.clone() for tensor in tensors], 'cpu')
    for here, there in zip(found, expected, strict=True):
        torch.testing.assert_close(here, there, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.parametrize('suppress', [nms, soft_nms])
def test_a_device_keeps_the_boxes_the_cpu_keeps(suppress, device):
    crowd, scores = boxes(50), uniform(50, seed=11)
    dets, kept = suppress(crowd.to(device), scores.to(device), 0.4)
    expected_dets, expected = suppress(crowd, scores, 0.4)
    assert dets.device.type == kept.device.type == device
    assert kept.tolist() == expected.tolist()
    torch.testing.assert_close(dets.cpu(), expected_dets)
