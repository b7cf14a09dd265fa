"""Lovász loss of the landslide class: the IoU of the batch, made differentiable.

Source: Berman et al. 2018, "The Lovász-Softmax loss", eq. 8 and 9, alg. 1, for one class.
Differs: nothing where some pixel counts; zero where none does. (mmseg's ``LovaszLoss`` is then an
empty tensor, whose mean is not a number, and stops with an error where a single pixel counts.)
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from fusionls.models.losses.landslide_loss import LandslideLoss
from fusionls.models.precision import single_at_least
from fusionls.registry import MODELS


@MODELS.register_module()
class LandslideLovaszLoss(LandslideLoss):
    """Lovász extension of 1 - IoU at the errors ``|y - p|`` of the mapped pixels of the batch.

    In a batch without landslides it is the largest probability of one.

    Args:
        loss_name: See :class:`LandslideLoss`.
        **options: Those of :class:`LandslideLoss`.
    """

    def __init__(self, *, loss_name: str = 'loss_lovasz', **options: Any) -> None:
        super().__init__(loss_name=loss_name, **options)

    def unweighted(self, odds: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
        """See :class:`LandslideLoss`."""
        odds = single_at_least(odds)  # counts of pixels need more digits than half precision has
        known = truth[counts].to(odds.dtype)  # (P,)
        errors, order = (known - odds[counts].sigmoid()).abs().sort(descending=True)
        # IoU lost when the pixels of the largest errors, up to this one, are all wrong
        landslide = known[order]
        kept = landslide.sum() - landslide.cumsum(0)
        union = landslide.sum() + (1 - landslide).cumsum(0)
        lost = 1 - kept / union
        return (errors * torch.diff(lost, prepend=lost.new_zeros(1))).sum()
