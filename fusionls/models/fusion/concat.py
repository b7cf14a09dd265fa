"""Fusion by concatenation and a 1 x 1 convolution, the operator to beat.

Source: the concatenation every U-Net uses at its skips (Ronneberger et al. 2015, fig. 1); as a
fusion of encoders e.g. FuseNet's ancestor "late concatenation" (Hazirbas et al. 2016, sec. 3).
Differs: features are weighted by their valid share, and the shares themselves are concatenated,
so that the convolution knows what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.models.fusion.base import BaseFusion
from fusionls.registry import MODELS


@MODELS.register_module()
class ConcatFusion(BaseFusion):
    """y = GELU(LN(W [s_1 f_1, ..., s_M f_M, s_1, ..., s_M])), zero where all s are zero.

    The norm is over channels of one pixel, so that pixels without data touch no statistics.

    Example:
        >>> fusion = ConcatFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'optical': torch.ones(1, 64, 8, 8)}, {'optical': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int) -> None:
        super().__init__(branches=branches, channels=channels)
        self.mix = nn.Sequential(
            nn.Conv2d(sum(branches.values()) + len(branches), channels, 1, bias=False),
            LayerNorm2d(channels),
            nn.GELU(),
        )

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Concatenate what is there, zeros for what is not; see :class:`BaseFusion`."""
        given = self.side_by_side(self.weighted(features, shares), self.widths)
        known = self.side_by_side(shares, dict.fromkeys(self.names, 1))  # (N, M, h, w)
        return self.closed(self.mix(torch.cat([given, known], 1)), shares)
