"""Boundary loss: every pixel counts by its distance from the outline that was mapped.

Source: Kervadec et al. 2019, "Boundary loss for highly unbalanced segmentation", eq. 5.
Differs: the outline runs between pixels, half a pixel from the centres of those beside it (the
authors' code has it on the landslide's outermost pixels, so that these count nothing); distances
are from mapped pixels to mapped pixels. (mmseg's ``BoundaryLoss`` is another thing: the cross
entropy of a head that draws outlines, for PIDNet.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from fusionls.models.losses.landslide_loss import LandslideLoss, mean_over
from fusionls.registry import MODELS


@MODELS.register_module()
class LandslideBoundaryLoss(LandslideLoss):
    """Mean of p d over mapped pixels, d the signed distance from the outline of landslides.

    It is least, and negative, where prediction and map agree. It says nothing about tiles without
    an outline: use it beside a loss that does, as the paper does.

    Args:
        loss_name: See :class:`LandslideLoss`.
        **options: Those of :class:`LandslideLoss`. The paper starts at a ``loss_weight`` of 0.01.
    """

    def __init__(self, *, loss_name: str = 'loss_boundary', **options: Any) -> None:
        super().__init__(loss_name=loss_name, **options)

    def unweighted(self, odds: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
        """See :class:`LandslideLoss`."""
        tiles = zip(truth.cpu().numpy(), counts.cpu().numpy(), strict=True)
        distance = np.stack([outline_distance_pixels(*tile) for tile in tiles])
        return mean_over(odds.sigmoid() * torch.from_numpy(distance).to(odds), counts)


def outline_distance_pixels(truth: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.float64]:
    """Distance of each pixel's centre from the outline of landslides, negative inside of them.

    Args:
        truth: (H, W) bool, landslide.
        counts: (H, W) bool, mapped.

    Returns:
        (H, W), pixels; zero where nothing is mapped, and everywhere in a tile without landslide
        or without anything else.
    """
    rest = counts & ~truth
    if not (truth.any() and rest.any()):
        return np.zeros(truth.shape)
    outside, inside = distance_transform_edt(~truth), distance_transform_edt(~rest)
    return np.where(truth, 0.5 - inside, np.where(rest, outside - 0.5, 0.0))
