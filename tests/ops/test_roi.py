import math

import pytest
import torch
from mmcv.ops import RoIAlign, RoIPool
from torch.autograd import gradcheck

BOXES = torch.tensor(
    [
        [0, 1.2, 0.7, 5.9, 6.1],
        [1, -3.4, 2.2, 2.7, 9.3],  # over the left and lower border
        [1, 6.1, 5.3, 7.6, 5.9],  # smaller than a pixel
        [0, 0.3, 0.4, 13.1, 12.2],  # over the right and lower border
    ],
    dtype=torch.float64,
)


def random_features(seed=0, shape=(2, 2, 7, 8)):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def bilinear(plane, y, x):
    height, width = plane.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    dy, dx = y - top, x - left
    upper = plane[top, left] * (1 - dx) + plane[top, right] * dx
    lower = plane[bottom, left] * (1 - dx) + plane[bottom, right] * dx
    return float(upper * (1 - dy) + lower * dy)


def reference_roi_align(features, boxes, bins, scale, ratio, mode, aligned):
    output = torch.zeros(len(boxes), features.shape[1], *bins, dtype=torch.float64)
    for k, (sample, *edges) in enumerate(boxes.tolist()):
        x1, y1, x2, y2 = (edge * scale - (0.5 if aligned else 0) for edge in edges)
        width, height = x2 - x1, y2 - y1
        if not aligned:
            width, height = max(width, 1), max(height, 1)
        tall, wide = height / bins[0], width / bins[1]
        down, across = (ratio, ratio) if ratio else (math.ceil(tall), math.ceil(wide))
        for c in range(features.shape[1]):
            for i in range(bins[0]):
                for j in range(bins[1]):
                    values = [
                        bilinear(
                            features[int(sample), c],
                            y1 + (i + (a + 0.5) / down) * tall,
                            x1 + (j + (b + 0.5) / across) * wide,
                        )
                        for a in range(down)
                        for b in range(across)
                    ]
                    pooled = max(values) if mode == 'max' else sum(values) / len(values)
                    output[k, c, i, j] = pooled
    return output


def reference_roi_pool(features, boxes, bins, scale):
    height, width = features.shape[2:]
    output = torch.zeros(len(boxes), features.shape[1], *bins, dtype=torch.float64)
    for k, (sample, x1, y1, x2, y2) in enumerate(boxes.tolist()):
        left, top = x1 * scale, y1 * scale
        wide, tall = (x2 + 1) * scale - left, (y2 + 1) * scale - top
        if wide <= 0 or tall <= 0:
            continue
        for i in range(bins[0]):
            for j in range(bins[1]):
                rows = range(
                    max(math.floor(top + i * tall / bins[0]), 0),
                    min(math.ceil(top + (i + 1) * tall / bins[0]), height),
                )
                columns = range(
                    max(math.floor(left + j * wide / bins[1]), 0),
                    min(math.ceil(left + (j + 1) * wide / bins[1]), width),
                )
                for c in range(features.shape[1]):
                    values = [features[int(sample), c, r, s] for r in rows for s in columns]
                    output[k, c, i, j] = max(values, default=0)
    return output


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('ratio', [0, 2])
@pytest.mark.parametrize('mode', ['avg', 'max'])
@pytest.mark.parametrize('scale', [1.0, 0.5])
def test_roi_align_equals_plain_loops(mode, ratio, aligned, scale):
    features = random_features() - 0.5
    found = RoIAlign((2, 3), scale, ratio, mode, aligned)(features, BOXES)
    expected = reference_roi_align(features, BOXES, (2, 3), scale, ratio, mode, aligned)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


def test_roi_align_of_a_plane_is_the_plane_at_the_bin_centres():
    rows, columns = torch.meshgrid(
        torch.arange(12, dtype=torch.float64), torch.arange(12, dtype=torch.float64), indexing='ij'
    )
    plane = (2 * columns + 3 * rows)[None, None]
    box = torch.tensor([[0, 2.5, 3.5, 8.5, 7.5]], dtype=torch.float64)
    found = RoIAlign((2, 2), sampling_ratio=3)(plane, box)[0, 0]
    # Aligned: pixel r has its centre at r + 0.5. Bin centres lie at x 4 and 7, y 4.5 and 6.5.
    expected = torch.tensor(
        [[2 * (x - 0.5) + 3 * (y - 0.5) for x in (4, 7)] for y in (4.5, 6.5)], dtype=torch.float64
    )
    torch.testing.assert_close(found, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('ratio', [0, 2])
@pytest.mark.parametrize('mode', ['avg', 'max'])
def test_roi_align_has_the_gradient_of_its_finite_differences(mode, ratio, aligned):
    features = random_features().requires_grad_()
    align = RoIAlign((2, 3), 0.8, ratio, mode, aligned)
    assert gradcheck(lambda maps: align(maps, BOXES), [features])


@pytest.mark.parametrize('mode', ['avg', 'max'])
def test_a_box_without_extent_is_zero_and_has_no_gradient(mode):
    features = random_features().requires_grad_()
    point = torch.tensor([[0, 3.0, 3.0, 3.0, 3.0]], dtype=torch.float64)
    pooled = RoIAlign((2, 2), 1.0, 0, mode, aligned=True)(features, point)
    pooled.sum().backward()
    assert pooled.abs().sum() == 0
    assert features.grad.abs().sum() == 0


def test_the_largest_sample_at_the_border_keeps_its_gradient():
    # A sample exactly one pixel outside still takes the border's value.
    features = torch.ones(1, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    box = torch.tensor([[0, -1.5, -1.5, -0.5, -0.5]], dtype=torch.float64)
    pooled = RoIAlign((1, 1), 1.0, 1, 'max', aligned=False)(features, box)
    pooled.sum().backward()
    assert pooled.item() == 1
    assert features.grad[0, 0, 0, 0] == 1
    assert features.grad.sum() == 1


@pytest.mark.parametrize('scale', [1.0, 0.5, 0.7])
def test_roi_pool_equals_plain_loops(scale):
    features = random_features() - 0.5
    found = RoIPool((3, 2), scale)(features, BOXES)
    expected = reference_roi_pool(features, BOXES, (3, 2), scale)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_roi_pool_has_the_gradient_of_its_finite_differences():
    features = random_features().requires_grad_()
    pool = RoIPool((3, 2), 0.7)
    assert gradcheck(lambda maps: pool(maps, BOXES), [features])


def test_roi_pool_sends_the_gradient_of_equal_pixels_to_the_first():
    features = torch.zeros(1, 1, 4, 4, requires_grad=True)
    box = torch.tensor([[0, 1.0, 1.0, 2.0, 2.0]])
    RoIPool((1, 1))(features, box).sum().backward()
    expected = torch.zeros(4, 4)
    expected[1, 1] = 1
    torch.testing.assert_close(features.grad[0, 0], expected, rtol=0, atol=0)


def test_roi_pool_of_a_box_outside_or_inside_out_is_zero_and_has_no_gradient():
    features = (random_features() + 1).requires_grad_()
    boxes = torch.tensor([[0, 50.0, 50, 60, 60], [1, 5, 5, 2, 2]], dtype=torch.float64)
    pooled = RoIPool((2, 2))(features, boxes)
    pooled.sum().backward()
    assert pooled.abs().sum() == 0
    assert features.grad.abs().sum() == 0


@pytest.mark.parametrize(
    'pool', [RoIAlign((2, 2)), RoIAlign((2, 2), pool_mode='max'), RoIPool((2, 2))]
)
def test_no_boxes_give_no_rows_and_no_gradient(pool):
    features = random_features().requires_grad_()
    pooled = pool(features, torch.zeros(0, 5, dtype=torch.float64))
    pooled.sum().backward()
    assert pooled.shape == (0, 2, 2, 2)
    assert features.grad.abs().sum() == 0


def test_bfloat16_on_cpu_gives_the_gradient_of_float32_rounded():
    narrow = random_features().bfloat16().requires_grad_()
    wide = narrow.detach().float().requires_grad_()
    for features in (narrow, wide):
        RoIAlign((2, 2))(features, BOXES.float()).sum().backward()
    assert narrow.grad.dtype == torch.bfloat16
    torch.testing.assert_close(narrow.grad.float(), wide.grad, rtol=0.01, atol=0.01)
