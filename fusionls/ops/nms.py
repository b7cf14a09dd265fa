"""Non-maximum suppression, hard and soft, of axis-aligned boxes.

Source: Bodla et al. (2017), Soft-NMS, eq. 3 (linear) and the Gaussian below it; the hard form
is ``torchvision.ops.nms``. Boxes are (x1, y1, x2, y2); with ``offset`` 1 their right and lower
edges belong to them, so a side is ``x2 - x1 + 1``.
Differs from mmcv: of boxes with equal scores the first one given comes first.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision import ops as tv

from fusionls.errors import InputError
from fusionls.ops.gradients import in_kernel_dtype

NAIVE, LINEAR, GAUSSIAN = 0, 1, 2


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Indices of the boxes that no better box overlaps by more than the threshold.

    Args:
        boxes: (N, 4), pixels.
        scores: (N,).
        iou_threshold: Intersection over union above which the worse box goes.
        offset: 0 or 1 pixel, added to every side.

    Returns:
        (K,) int64, best first.
    """
    boxes = in_kernel_dtype(boxes)
    # Shifting the far edges by the offset gives every side and overlap its extra pixel.
    far = boxes.new_tensor([0, 0, offset, offset])
    return tv.nms(boxes + far, scores.to(boxes.dtype), iou_threshold)


def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Lower the scores of overlapping boxes instead of dropping them.

    Args:
        boxes: (N, 4), pixels.
        scores: (N,).
        dets: (N, 5), written in place: the first K rows become (x1, y1, x2, y2, new score).
        iou_threshold: Intersection over union from which on a score is lowered
            (naive and linear).
        sigma: Width of the Gaussian decay.
        min_score: A box whose score falls below is dropped; the best box never is.
        method: 0 naive (score becomes 0), 1 linear (times 1 - IoU), 2 Gaussian (times
            exp(-IoU^2 / sigma), at any overlap).
        offset: 0 or 1 pixel, added to every side.

    Returns:
        (K,) int64, indices into ``boxes``, best first.

    Raises:
        InputError: ``method`` is none of these.
    """
    if method not in (NAIVE, LINEAR, GAUSSIAN):
        raise InputError(f'softnms: method {method}, expected 0 naive, 1 linear or 2 gaussian')
    areas = (boxes[:, 2:] - boxes[:, :2] + offset).prod(1)
    scores = scores.clone()
    alive = torch.ones_like(scores, dtype=torch.bool)
    order: list[int] = []
    while bool(alive.any()):
        best = int(scores.masked_fill(~alive, -torch.inf).argmax())
        if not alive[best]:  # every score left is -inf
            best = int(alive.nonzero()[0, 0])
        dets[len(order), :4] = boxes[best]
        dets[len(order), 4] = scores[best]
        order.append(best)
        alive[best] = False
        upper = torch.minimum(boxes[:, 2:], boxes[best, 2:])
        lower = torch.maximum(boxes[:, :2], boxes[best, :2])
        shared = (upper - lower + offset).clamp(min=0).prod(1)
        iou = shared / (areas + areas[best] - shared)
        scores = torch.where(alive, scores * _decay(iou, iou_threshold, sigma, method), scores)
        alive &= ~(scores < min_score)
    return torch.tensor(order, dtype=torch.long, device=boxes.device)


def _decay(iou: Tensor, iou_threshold: float, sigma: float, method: int) -> Tensor:
    if method == GAUSSIAN:
        return torch.exp(-iou.square() / sigma)
    lowered = torch.zeros_like(iou) if method == NAIVE else 1 - iou
    return torch.where(iou >= iou_threshold, lowered, torch.ones_like(iou))
