"""Pooling and pairing over valid pixels only: what the published operators do over all pixels."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence

import torch
from mmengine.model import ModuleDict
from torch import Tensor, nn


class Projections(ModuleDict):
    """Features of every modality at one number of channels.

    A 1 x 1 convolution per modality that is not that wide already. It has no bias: what is zero
    (closed) stays zero.

    Args:
        branches: Channels per modality.
        channels: Channels of all of them afterwards.
    """

    def __init__(self, branches: Mapping[str, int], channels: int) -> None:
        super().__init__(
            {
                name: nn.Conv2d(width, channels, 1, bias=False)
                for name, width in branches.items()
                if width != channels
            }
        )

    def forward(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """(N, C, h, w) per modality given."""
        return {
            name: self[name](f) if name in self else _as_convolved(f)
            for name, f in features.items()
        }


def _as_convolved(x: Tensor) -> Tensor:
    """As precise as a convolution would leave it.

    In mixed precision a sum is else as precise as the modalities that happen to be there.
    """
    if torch.is_autocast_enabled(x.device.type):
        return x.to(torch.get_autocast_dtype(x.device.type))
    return x


def masked_mean(values: Tensor, share: Tensor) -> Tensor:
    """(N, C, 1, 1): mean of (N, C, h, w) over pixels, weighted by share; zero where none is valid.

    Args:
        values: Finite everywhere.
        share: (N, 1, h, w) in [0, 1].
    """
    total = share.sum((2, 3), keepdim=True)
    return (values * share).sum((2, 3), keepdim=True) / total.clamp_min(1e-6)


def masked_max(values: Tensor, share: Tensor) -> Tensor:
    """(N, C, 1, 1): largest of (N, C, h, w) over pixels of any share; zero where none is valid."""
    seen = share > 0
    top = values.masked_fill(~seen, -torch.inf).amax((2, 3), keepdim=True)
    return top.masked_fill(~seen.flatten(1).any(1)[:, None, None, None], 0.0)


def coverage(share: Tensor) -> Tensor:
    """(N, 1, 1, 1): share of the whole map that is valid."""
    return share.mean((2, 3), keepdim=True)


def added(values: Iterable[Tensor]) -> Tensor:
    """Sum of maps of one shape, one by one from the first to the last.

    A zero among them then changes no bit. ``torch.stack(values).sum(0)`` adds five maps and more
    in an order that depends on how many there are.
    """
    return functools.reduce(torch.add, values)


def weighted_mean(values: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    """Mean of maps of one shape, one weight map for each; zero where all weights are."""
    summed = added(w * v for w, v in zip(weights, values, strict=True))
    return summed / added(weights).clamp_min(1e-6)


def mean_over(values: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> Tensor:
    """As :func:`weighted_mean`, over the modalities of ``values`` in their order."""
    return weighted_mean(list(values.values()), [weights[name] for name in values])


def shared_out(scores: Tensor, shares: Tensor) -> Tensor:
    """Softmax of scores over modalities, each weighted by its share; zero where all shares are.

    Args:
        scores: (M, N, C, h, w). Those under a share of zero move nothing.
        shares: (M, N, 1, h, w) in [0, 1].

    Returns:
        (M, N, C, h, w).
    """
    # closed first, so that a score under an invalid pixel moves nothing
    scores = scores.masked_fill(shares == 0, -torch.inf)
    top = scores.amax(0).masked_fill(added(shares.unbind()) == 0, 0.0)
    weights = shares * torch.exp(scores - top)
    return weights / added(weights.unbind()).clamp_min(1e-12)
