"""Dice loss of the landslide class over the pixels that count.

Source: Milletari et al. 2016 (V-Net), sec. 3, with first powers in the denominator.
Differs: pooled over the batch, so that a tile without landslides does not decide the loss alone;
ignored pixels leave both sums. (mmseg's ``DiceLoss`` keeps predictions on ignored pixels in the
denominator, and so teaches the model something about pixels nobody mapped.)
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from fusionls.models.losses.landslide_loss import LandslideLoss
from fusionls.registry import MODELS


@MODELS.register_module()
class LandslideDiceLoss(LandslideLoss):
    """1 - (2 sum p y + e) / (sum p + sum y + e), over valid pixels of the batch.

    Args:
        smooth: e, pixels.
        loss_name: See :class:`LandslideLoss`.
        **options: Those of :class:`LandslideLoss`.
    """

    def __init__(
        self, *, smooth: float = 1.0, loss_name: str = 'loss_dice', **options: Any
    ) -> None:
        super().__init__(loss_name=loss_name, **options)
        self.smooth = smooth

    def unweighted(self, odds: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
        """See :class:`LandslideLoss`."""
        probability = odds.sigmoid() * counts  # (N, H, W)
        overlap = (probability * truth).sum()
        total = probability.sum() + truth.sum()
        return 1 - (2 * overlap + self.smooth) / (total + self.smooth)
