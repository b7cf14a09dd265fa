"""Dice loss of the landslide class over the pixels that count.

Source: Milletari et al. 2016 (V-Net), sec. 3, with first powers in the denominator.
Differs: pooled over the batch, so that a tile without landslides does not decide the loss alone;
ignored pixels leave both sums. (mmseg's ``DiceLoss`` keeps predictions on ignored pixels in the
denominator, and so teaches the model something about pixels nobody mapped.)
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from fusionls.registry import MODELS


@MODELS.register_module()
class LandslideDiceLoss(nn.Module):
    """1 - (2 sum p y + e) / (sum p + sum y + e), over valid pixels of the batch.

    Args:
        landslide: Class index of landslides.
        loss_weight: Factor.
        smooth: e, pixels.
        loss_name: Key in the log; must start with ``loss_``.
    """

    def __init__(
        self,
        *,
        landslide: int = 1,
        loss_weight: float = 1.0,
        smooth: float = 1.0,
        loss_name: str = 'loss_dice',
    ) -> None:
        super().__init__()
        self.landslide = landslide
        self.loss_weight = loss_weight
        self.smooth = smooth
        self.loss_name = loss_name

    def forward(
        self, logits: Tensor, label: Tensor, *, ignore_index: int = 255, **unused: Any
    ) -> Tensor:
        """Loss of logits (N, classes, H, W) against labels (N, H, W); a scalar."""
        counts = label != ignore_index
        probability = logits.softmax(1)[:, self.landslide] * counts  # (N, H, W)
        truth = (label == self.landslide).to(probability.dtype)
        overlap = (probability * truth).sum()
        total = probability.sum() + truth.sum()
        return self.loss_weight * (1 - (2 * overlap + self.smooth) / (total + self.smooth))
