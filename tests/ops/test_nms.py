import math

import numpy as np
import pytest
import torch
from mmcv.ops import batched_nms, nms, soft_nms

from fusionls.errors import InputError
from fusionls.ops.nms import softnms


def iou(a, b, offset):
    width = min(a[2], b[2]) - max(a[0], b[0]) + offset
    height = min(a[3], b[3]) - max(a[1], b[1]) + offset
    shared = max(width, 0) * max(height, 0)
    area_a = (a[2] - a[0] + offset) * (a[3] - a[1] + offset)
    area_b = (b[2] - b[0] + offset) * (b[3] - b[1] + offset)
    return shared / (area_a + area_b - shared)


def best_first(scores):
    return sorted(range(len(scores)), key=lambda i: (-scores[i], i))


def brute_force_nms(boxes, scores, threshold, offset):
    kept = []
    for i in best_first(scores):
        if all(iou(boxes[i], boxes[k], offset) <= threshold for k in kept):
            kept.append(i)
    return kept


def brute_force_soft_nms(boxes, scores, threshold, sigma, min_score, method, offset):
    scores, left, found = list(scores), list(range(len(scores))), []
    while left:
        best = min(left, key=lambda i: (-scores[i], i))
        left.remove(best)
        found.append((best, scores[best]))
        for i in left:
            overlap = iou(boxes[best], boxes[i], offset)
            if method == 'gaussian':
                scores[i] *= math.exp(-(overlap**2) / sigma)
            elif overlap >= threshold:
                scores[i] *= 0 if method == 'naive' else 1 - overlap
        left = [i for i in left if scores[i] >= min_score]
    return found


def crowded_boxes(seed, count=40):
    """Whole pixels, so overlaps are exact; scores in steps, so that many are equal."""
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 12, (count, 2))
    boxes = np.concatenate([corner, corner + rng.integers(1, 9, (count, 2))], 1)
    scores = rng.integers(1, 11, count) / 10
    return boxes.astype(np.float64), scores


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('threshold', [0.1, 0.5, 0.75])
def test_nms_keeps_what_brute_force_keeps_with_ties_and_offset(threshold, offset):
    for seed in range(5):
        boxes, scores = crowded_boxes(seed)
        dets, kept = nms(boxes, scores, threshold, offset)
        expected = brute_force_nms(boxes, scores, threshold, offset)
        assert kept.tolist() == expected
        np.testing.assert_array_equal(dets[:, :4], boxes[expected])
        np.testing.assert_array_equal(dets[:, 4], scores[expected])


def test_an_overlap_equal_to_the_threshold_is_kept():
    boxes = torch.tensor([[0.0, 0, 3, 1], [1, 0, 4, 1]])  # IoU 2 / 4
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.5)[1].tolist() == [0, 1]
    assert nms(boxes, scores, 0.49)[1].tolist() == [0]


def test_the_offset_lets_boxes_that_share_an_edge_overlap():
    boxes = torch.tensor([[0.0, 0, 1, 0], [1, 0, 2, 0]])  # one row of pixels: IoU 1 / 3
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.3, offset=1)[1].tolist() == [0]
    assert nms(boxes, scores, 0.34, offset=1)[1].tolist() == [0, 1]


def test_score_threshold_and_max_num_are_obeyed():
    boxes = torch.tensor([[0.0, 0, 1, 1], [5, 5, 6, 6], [9, 9, 10, 10]])
    scores = torch.tensor([0.2, 0.9, 0.5])
    assert nms(boxes, scores, 0.5, score_threshold=0.3)[1].tolist() == [1, 2]
    assert nms(boxes, scores, 0.5, max_num=1)[1].tolist() == [1]


def test_boxes_of_different_classes_do_not_suppress_each_other():
    boxes = torch.tensor([[0.0, 0, 4, 4]] * 3)
    scores = torch.tensor([0.7, 0.9, 0.8])
    _, kept = batched_nms(
        boxes, scores, torch.tensor([0, 1, 1]), {'type': 'nms', 'iou_threshold': 0.5}
    )
    assert kept.tolist() == [1, 0]


@pytest.mark.parametrize('suppress', [nms, soft_nms])
def test_no_boxes_give_no_boxes(suppress):
    dets, kept = suppress(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert dets.shape == (0, 5)
    assert kept.shape == (0,)
    assert kept.dtype == torch.long


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_nms_takes_half_precision_on_cpu(dtype):
    boxes = torch.tensor([[0, 0, 4, 4], [0, 0, 4, 4], [6, 6, 8, 8]], dtype=dtype)
    scores = torch.tensor([0.5, 0.75, 0.25], dtype=dtype)
    assert nms(boxes, scores, 0.5)[1].tolist() == [1, 2]


@pytest.mark.parametrize(
    ('method', 'factor'), [('linear', 2 / 3), ('gaussian', math.exp(-((1 / 3) ** 2) / 0.5))]
)
def test_soft_nms_of_two_boxes_with_iou_of_a_third_has_the_published_score(method, factor):
    boxes = torch.tensor([[0, 0, 2, 1], [1, 0, 3, 1]], dtype=torch.float64)
    scores = torch.tensor([0.6, 0.9], dtype=torch.float64)
    dets, kept = soft_nms(boxes, scores, 0.3, sigma=0.5, method=method)
    assert kept.tolist() == [1, 0]
    assert dets[:, 4].tolist() == pytest.approx([0.9, 0.6 * factor], rel=1e-14)


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
def test_soft_nms_finds_what_brute_force_finds_with_ties_and_offset(method, offset):
    for seed in range(5):
        boxes, scores = crowded_boxes(seed)
        dets, kept = soft_nms(boxes, scores, 0.4, 0.5, 0.05, method, offset)
        expected = brute_force_soft_nms(boxes, scores, 0.4, 0.5, 0.05, method, offset)
        assert kept.tolist() == [index for index, _ in expected]
        np.testing.assert_allclose(dets[:, 4], [score for _, score in expected], rtol=1e-12)
        np.testing.assert_array_equal(dets[:, :4], boxes[kept])


def test_soft_nms_keeps_the_best_box_even_below_the_least_score():
    boxes = torch.tensor([[0.0, 0, 1, 1], [5, 5, 6, 6]])
    _, kept = soft_nms(boxes, torch.tensor([0.01, 0.02]), min_score=0.5)
    assert kept.tolist() == [1]


def test_soft_nms_ends_where_scores_are_minus_infinity():
    boxes = torch.tensor([[0.0, 0, 1, 1], [5, 5, 6, 6], [9, 9, 10, 10]])
    scores = torch.tensor([-torch.inf, 0.5, -torch.inf])
    _, kept = soft_nms(boxes, scores, min_score=-torch.inf, method='naive')
    assert kept.tolist() == [1, 0, 2]


def test_soft_nms_refuses_a_method_it_does_not_know():
    with pytest.raises(InputError, match='method 7, expected 0 naive, 1 linear or 2 gaussian'):
        softnms(torch.zeros(1, 4), torch.zeros(1), torch.zeros(1, 5), 0.5, 0.5, 0.0, 7, 0)
