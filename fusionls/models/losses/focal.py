"""Focal loss of the landslide class over the pixels that count.

Source: Lin et al. 2017, "Focal Loss for Dense Object Detection", eq. 5.
Differs: the mean over mapped pixels, not the sum over positives, which a batch of tiles without
landslides has none of. (mmseg's ``FocalLoss`` stops with an error of shapes on a CPU, and its mean
counts ignored pixels.)
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import logsigmoid

from fusionls.errors import InputError, raise_together
from fusionls.models.losses.landslide_loss import LandslideLoss, mean_over
from fusionls.registry import MODELS


@MODELS.register_module()
class LandslideFocalLoss(LandslideLoss):
    """Mean of -a (1 - q)^g log q, with q the probability of what is mapped.

    Args:
        gamma: g, at least 0: how little easy pixels count; 0 is cross entropy times a.
        alpha: a where landslide is mapped, and 1 - a elsewhere; between 0 and 1.
        loss_name: See :class:`LandslideLoss`.
        **options: Those of :class:`LandslideLoss`.

    Raises:
        InputError: ``gamma`` or ``alpha`` is out of range.

    Example:
        >>> import torch
        >>> loss = LandslideFocalLoss(gamma=2.0, alpha=0.25)
        >>> loss(torch.zeros(1, 2, 1, 1), torch.ones(1, 1, 1))  # 0.25 (1 - 0.5)^2 log 2
        tensor(0.0433)
    """

    def __init__(
        self,
        *,
        gamma: float = 2.0,
        alpha: float = 0.25,
        loss_name: str = 'loss_focal',
        **options: Any,
    ) -> None:
        problems = []
        if gamma < 0:
            problems.append(f'gamma is {gamma}; expected 0 or more')
        if not 0 < alpha < 1:
            problems.append(f'alpha is {alpha}; expected between 0 and 1')
        raise_together(InputError, 'no focal loss', problems)
        super().__init__(loss_name=loss_name, **options)
        self.gamma = gamma
        self.alpha = alpha

    def unweighted(self, odds: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
        """See :class:`LandslideLoss`."""
        towards = odds * (2 * truth.to(odds.dtype) - 1)
        weight = self.alpha * truth + (1 - self.alpha) * ~truth
        # by its logarithm: the power of a difference of zero has no gradient where g < 1
        easiness = (self.gamma * logsigmoid(-towards)).exp()
        return mean_over(-weight * easiness * logsigmoid(towards), counts)
