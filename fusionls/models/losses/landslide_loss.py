"""What losses of the landslide class share: which pixels count, and how sure the model is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn


class LandslideLoss(nn.Module):
    """A loss of landslide against the rest, over the pixels that somebody mapped.

    mmseg's decode heads call it with logits and labels at the same size. Pixel weights of a
    sampler are not looked at.

    Args:
        landslide: Class index of landslides.
        loss_weight: Factor.
        loss_name: Key in the log; must start with ``loss_``.
    """

    def __init__(self, *, loss_name: str, landslide: int = 1, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.landslide = landslide
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self, logits: Tensor, label: Tensor, *, ignore_index: int = 255, **unused: Any
    ) -> Tensor:
        """Loss of logits (N, classes, H, W) against labels (N, H, W); a scalar."""
        others = [i for i in range(logits.shape[1]) if i != self.landslide]
        odds = logits[:, self.landslide] - logits[:, others].logsumexp(1)  # (N, H, W)
        found = self.unweighted(odds, label == self.landslide, label != ignore_index)
        return self.loss_weight * found

    @abstractmethod
    def unweighted(self, odds: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
        """The loss before its factor.

        Args:
            odds: (N, H, W), logarithm of p / (1 - p) with p the probability of landslide.
            truth: (N, H, W) bool, landslide.
            counts: (N, H, W) bool, mapped by somebody; true wherever ``truth`` is.

        Returns:
            A scalar; finite, with a graph, when nothing counts.
        """


def mean_over(values: Tensor, counts: Tensor) -> Tensor:
    """Mean of the values that count; zero where none does."""
    total: Tensor = torch.where(counts, values, 0.0).sum()
    return total / counts.sum().clamp_min(1)
