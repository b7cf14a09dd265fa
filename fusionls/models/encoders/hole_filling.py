"""Fill holes from the valid pixels around them before the first convolution sees them.

Flow: models.encoders.branch -> [here] -> the encoder.
Source: the pull-push pyramid of Gortler et al. 1996, "The Lumigraph", sec. 3.5: valid values are
averaged to ever larger pixels ("pull"), and holes take what the larger pixel holds ("push").
Differs: the pyramid ends at :data:`REACH` pixels, beyond which a hole stays at the layer's mean:
a value from far away says nothing. An encoder reads the valid mask beside, so that it can tell a
filled pixel from a seen one.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

REACH = 16
"""Holes are filled from valid pixels within about so many pixels."""


def filled(values: Tensor, valid: Tensor, reach: int = REACH) -> Tensor:
    """Values with holes filled from their surroundings.

    Args:
        values: (N, C, h, w), normalised: zero is the mean of a layer. What stands under invalid
            pixels, NaN included, is not looked at.
        valid: (N, 1, h, w) bool.
        reach: Side of the largest pixel that is averaged, a power of two; 1 fills nothing.

    Returns:
        (N, C, h, w): ``values`` where valid, bit for bit; elsewhere an average of valid pixels
        nearby, or zero where there are none.
    """
    known = torch.where(valid, values, 0.0)
    if reach < 2 or bool(valid.all()):
        return known
    weight = valid.to(values.dtype)
    sums, weights = [known], [weight]
    side = 1
    while side < reach:
        # ceil_mode divides by the pixels inside, of sums and weights alike: their ratio holds
        sums.append(F.avg_pool2d(sums[-1], 2, ceil_mode=True, count_include_pad=False))
        weights.append(F.avg_pool2d(weights[-1], 2, ceil_mode=True, count_include_pad=False))
        side *= 2
    out = _average(sums[-1], weights[-1])
    for total, share in zip(reversed(sums[:-1]), reversed(weights[:-1]), strict=True):
        wider = F.interpolate(out, size=total.shape[2:], mode='bilinear', align_corners=False)
        out = torch.where(share > 0, _average(total, share), wider)
    return torch.where(valid, values, out)


def _average(total: Tensor, share: Tensor) -> Tensor:
    return torch.where(share > 0, total / share.clamp_min(1e-12), 0.0)
