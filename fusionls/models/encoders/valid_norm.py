"""Batch statistics over valid pixels only, so that holes do not pull the mean of a layer.

Flow: models.encoders.branch sets the valid mask -> [here], inside of any encoder.
Source: batch normalisation, Ioffe and Szegedy 2015, algorithm 1, with every pixel of a feature map
weighted by the share of valid pixels under it; as weights of 0 and 1 this is the masked batch norm
of sparse convolutions (Uhrig et al. 2017, "Sparsity Invariant CNNs", sec. 3, on why filled pixels
mislead a network).
Differs: nothing changes in testing, where the running statistics count, nor for a batch without
holes, bit for bit. Norms over one pixel (LayerNorm over channels) need none of this.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from timm.layers import BatchNormAct2d
from torch import Tensor, nn

from fusionls.models.precision import single_at_least

LEAST_WEIGHT = 2.0
"""Valid pixels below which there is no variance: the batch is then normalised as it is."""


class ValidShare:
    """The valid mask of the batch that is being encoded, at any feature size."""

    def __init__(self) -> None:
        self._by_size: dict[tuple[int, int], Tensor] = {}
        self._mask: Tensor | None = None

    @contextmanager
    def of(self, valid: Tensor) -> Iterator[None]:
        """Hold the mask (N, 1, h, w) of a batch while it is encoded."""
        self._mask = None if bool(valid.all()) else valid
        try:
            yield
        finally:
            self._mask = None
            self._by_size = {}

    def at(self, size: tuple[int, int]) -> Tensor | None:
        """Valid share (N, 1, *size), float32; None where the batch has no holes."""
        if self._mask is None:
            return None
        if size not in self._by_size:
            self._by_size[size] = F.adaptive_avg_pool2d(self._mask.float(), size)
        return self._by_size[size]


class _OverValid(nn.Module):
    """Mixin of batch norms: weighted statistics in training, the plain ones otherwise."""

    share: ValidShare

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, C, h, w)."""
        weight = self.share.at((x.shape[2], x.shape[3])) if self.training else None
        # one number on the host: only batches with holes come here
        if weight is None or float(weight.sum()) < LEAST_WEIGHT:
            return super().forward(x)
        return self._finished(_weighted_batch_norm(self, x, weight))

    def _finished(self, x: Tensor) -> Tensor:
        return x


class ValidBatchNorm2d(_OverValid, nn.BatchNorm2d):
    """``BatchNorm2d`` over valid pixels."""


class ValidBatchNormAct2d(_OverValid, BatchNormAct2d):
    """timm's ``BatchNormAct2d``, which also drops and activates, over valid pixels."""

    def _finished(self, x: Tensor) -> Tensor:
        found: Tensor = self.act(self.drop(x))
        return found


_COUNTERPARTS: dict[type, type] = {
    nn.BatchNorm2d: ValidBatchNorm2d,
    BatchNormAct2d: ValidBatchNormAct2d,
}


def use_valid_norms(encoder: nn.Module) -> ValidShare:
    """Turn every batch norm of an encoder into one over valid pixels, in place.

    Weights, buffers and their names stay. Norms of other kinds are left alone.

    Returns:
        What holds the mask of each batch for them.
    """
    share = ValidShare()
    for module in encoder.modules():
        if type(module) in _COUNTERPARTS:
            module.__class__ = _COUNTERPARTS[type(module)]
            module.share = share  # type: ignore[assignment]
    return share


def _weighted_batch_norm(norm: Any, x: Tensor, weight: Tensor) -> Tensor:
    n, c, h, w = x.shape
    # (N h w, C), without a copy where channels come last; sums need more than half precision
    pixels = single_at_least(x.permute(0, 2, 3, 1).reshape(-1, c))
    out, mean, variance = _WeightedNorm.apply(
        pixels, weight.reshape(1, -1).to(pixels), norm.weight, norm.bias, norm.eps
    )
    if norm.track_running_stats and norm.running_mean is not None:
        norm.num_batches_tracked.add_(1)
        step = (
            1.0 / float(norm.num_batches_tracked) if norm.momentum is None else float(norm.momentum)
        )
        total = weight.sum()
        with torch.no_grad():
            unbiased = variance * (total / (total - 1.0).clamp_min(1.0))
            norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), step)
            norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), step)
    normalised: Tensor = out.to(x.dtype).reshape(n, h, w, c).permute(0, 3, 1, 2)
    return normalised


class _WeightedNorm(torch.autograd.Function):
    """y = a (x - m) / sqrt(v + eps) + b with m and v weighted over pixels, and its gradient.

    By hand, because the graph that autograd would keep of it costs a third of a training step.
    With w the weights over their sum, r = 1 / sqrt(v + eps), h = (x - m) r and d = a dL/dy::

        dL/dx = r (d - w (sum d + h sum (d h)))
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, gain: Tensor | None, bias: Tensor | None, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Normalise x (P, C) by weight (1, P); also mean and variance (C,)."""
        share = weight / weight.sum()
        mean = share @ x  # (1, C)
        centred = x - mean
        variance = share @ centred.square()
        rate = torch.rsqrt(variance + eps)
        out = centred * (rate if gain is None else rate * gain)
        if bias is not None:
            out += bias
        mean, variance = mean[0].clone(), variance[0].clone()
        ctx.save_for_backward(centred, share, rate, gain)
        ctx.has_bias = bias is not None
        ctx.mark_non_differentiable(mean, variance)
        return out, mean, variance

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of x, gain and bias."""
        centred, share, rate, gain = ctx.saved_tensors
        total = grad.sum(0)  # (C,)
        dx = grad * centred  # one buffer for all that follows: its pages are what costs
        along = dx.sum(0) * rate[0]  # sum of dL/dy h
        torch.mul(centred, rate[0] * along, out=dx)
        dx.add_(total).mul_(share.reshape(-1, 1)).neg_().add_(grad)
        dx.mul_(rate if gain is None else rate * gain)
        return dx, None, None if gain is None else along, total if ctx.has_bias else None, None
