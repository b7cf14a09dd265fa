"""Focal loss of class scores, sigmoid and softmax, with its gradient in closed form.

Source: Lin et al. (2017), Focal Loss for Dense Object Detection, eq. 5; gradients in its
appendix B.
Differs from mmcv: logarithms of the sigmoid are taken of the score itself, so nothing is
clamped; a target that is no class (background, ignored) has class weight 1, where mmcv reads
past the end of ``weight``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def sigmoid_focal_loss_forward(
    input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Write the loss of every sample and class into ``output``.

    Args:
        input: (N, C), scores before the sigmoid.
        target: (N,) int64; C or any other non-class is background.
        weight: (C,) class weights, or empty for none.
        output: (N, C), written.
        gamma: Exponent of the focusing factor.
        alpha: Weight of the foreground; the background has ``1 - alpha``.
    """
    positive = _one_hot(target, input)
    p = input.sigmoid()
    of_positive = alpha * (1 - p) ** gamma * F.logsigmoid(input)
    of_negative = (1 - alpha) * p**gamma * F.logsigmoid(-input)
    loss = -torch.where(positive, of_positive, of_negative)
    output.copy_(loss * _class_weight(target, weight, input)[:, None])


def sigmoid_focal_loss_backward(
    input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """Write the derivative of each loss by its own score into ``grad_input``.

    Args:
        input: (N, C), scores before the sigmoid.
        target: (N,) int64.
        weight: (C,) class weights, or empty for none.
        grad_input: (N, C), written.
        gamma: Exponent of the focusing factor.
        alpha: Weight of the foreground.
    """
    positive = _one_hot(target, input)
    p = input.sigmoid()
    of_positive = alpha * (1 - p) ** gamma * (1 - p - gamma * p * F.logsigmoid(input))
    of_negative = (1 - alpha) * p**gamma * (gamma * (1 - p) * F.logsigmoid(-input) - p)
    gradient = -torch.where(positive, of_positive, of_negative)
    grad_input.copy_(gradient * _class_weight(target, weight, input)[:, None])


def softmax_focal_loss_forward(
    input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Write the loss of every sample into ``output``.

    Args:
        input: (N, C), class probabilities (after the softmax).
        target: (N,) int64; negative is ignored (loss 0).
        weight: (C,) class weights, or empty for none.
        output: (N,), written.
        gamma: Exponent of the focusing factor.
        alpha: Weight of every loss.
    """
    p = _probability_of(target, input)
    loss = -alpha * (1 - p) ** gamma * p.log()
    loss = loss * _class_weight(target, weight, input)
    output.copy_(loss.masked_fill(target < 0, 0))


def softmax_focal_loss_backward(
    input: Tensor,
    target: Tensor,
    weight: Tensor,
    buff: Tensor,
    grad_input: Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Write the derivative of each sample's loss by its scores into ``grad_input``.

    Args:
        input: (N, C), class probabilities (after the softmax).
        target: (N,) int64; negative is ignored (gradient 0).
        weight: (C,) class weights, or empty for none.
        buff: (N,), written: the derivative by the logarithm of the target's probability.
        grad_input: (N, C), written: by the scores before the softmax.
        gamma: Exponent of the focusing factor.
        alpha: Weight of every loss.
    """
    p = _probability_of(target, input)
    miss = (1 - p).clamp(min=torch.finfo(p.dtype).tiny)  # gamma < 1 has a negative exponent
    slope = alpha * (gamma * miss ** (gamma - 1) * p * p.log() - (1 - p) ** gamma)
    slope = slope * _class_weight(target, weight, input)
    buff.copy_(slope.masked_fill(target < 0, 0))
    grad_input.copy_(buff[:, None] * (_one_hot(target, input).to(input.dtype) - input))


def _one_hot(target: Tensor, scores: Tensor) -> Tensor:
    return target[:, None] == torch.arange(scores.shape[1], device=scores.device)


def _class_weight(target: Tensor, weight: Tensor, scores: Tensor) -> Tensor:
    if weight.numel() == 0:
        return scores.new_ones(target.shape)
    is_class = (target >= 0) & (target < weight.shape[0])
    of_class = weight[target.clamp(0, weight.shape[0] - 1)]
    return torch.where(is_class, of_class, torch.ones_like(of_class))


def _probability_of(target: Tensor, probabilities: Tensor) -> Tensor:
    p = probabilities.gather(1, target.clamp(min=0)[:, None])[:, 0]
    return p.clamp(min=torch.finfo(p.dtype).tiny)  # a probability of 0 has no logarithm
