"""Fusion by a convolution over all modalities, attended by channel and then by place.

Source: CBAM, Woo et al. 2018, sec. 3, eq. 1 to 3, on concatenated features.
Differs: pooling over valid pixels only; a layer norm per pixel; features are weighted by their
valid share, and the shares themselves are read beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.models.fusion.base import BaseFusion
from fusionls.models.fusion.masked import masked_max, masked_mean
from fusionls.registry import MODELS


@MODELS.register_module()
class ConvolutionalAttentionFusion(BaseFusion):
    """y = p(c x) * c x with x = GELU(LN(K [s_1 f_1, ..., s_M f_M, s_1, ..., s_M])).

    c = sigmoid(MLP(mean x) + MLP(max x)), one weight per channel, with mean and maximum over the
    valid pixels; p(z) = sigmoid(Q [mean z, max z]), one weight per pixel, over channels. K is a
    3 x 3 and Q a 7 x 7 convolution.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        reduction: Channels per hidden unit of the MLP.

    Example:
        >>> fusion = ConvolutionalAttentionFusion(branches=dict(optical=64, lidar=32), channels=48)
        >>> fusion({'lidar': torch.ones(1, 32, 8, 8)}, {'lidar': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int, reduction: int = 16) -> None:
        super().__init__(branches=branches, channels=channels)
        self.mix = nn.Sequential(
            nn.Conv2d(sum(branches.values()) + len(branches), channels, 3, padding=1, bias=False),
            LayerNorm2d(channels),
            nn.GELU(),
        )
        hidden = max(4, channels // reduction)
        self.by_channel = nn.Sequential(
            nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1)
        )
        self.by_pixel = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Mix and attend what is there; see :class:`BaseFusion`."""
        given = self.side_by_side(self.weighted(features, shares), self.widths)
        known = self.side_by_side(shares, dict.fromkeys(self.names, 1))  # (N, M, h, w)
        x = self.closed(self.mix(torch.cat([given, known], 1)), shares)
        somewhere = self.total_share(shares).clamp(max=1.0)
        pooled = (masked_mean(x, somewhere), masked_max(x, somewhere))
        x = x * torch.sigmoid(self.by_channel(pooled[0]) + self.by_channel(pooled[1]))
        over_channels = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.by_pixel(over_channels))
