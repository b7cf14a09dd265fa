"""Fusion by a gate per pixel: a softmax over modalities, closed where a modality is invalid.

Source: gated fusion of two streams by a learned per-pixel weight, Cheng et al. 2017
("Locality-Sensitive Deconvolution Networks with Gated Fusion", eq. 3 to 5).
Differs: any number of modalities by softmax; a gate sees its own features beside the weighted
mean of all; gates are weighted by the valid share, so that an invalid modality has weight zero.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from mmengine.model import ModuleDict
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.models.fusion.base import BaseFusion
from fusionls.models.fusion.masked import added, mean_over, shared_out
from fusionls.registry import MODELS


@MODELS.register_module()
class GatedFusion(BaseFusion):
    """y = V sum_m g_m p_m with p_m = LN(W_m f_m) and g_m = s_m exp(a_m) / sum_k s_k exp(a_k).

    The score a_m is a two-layer network over p_m and the mean of all p_k weighted by s_k.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        hidden: Channels of the score network.

    Example:
        >>> fusion = GatedFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'terrain': torch.ones(1, 32, 8, 8)}, {'terrain': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int, hidden: int = 32) -> None:
        super().__init__(branches=branches, channels=channels)
        self.project = ModuleDict(
            {
                name: nn.Sequential(nn.Conv2d(width, channels, 1), LayerNorm2d(channels))
                for name, width in branches.items()
            }
        )
        self.score = ModuleDict(
            {
                name: nn.Sequential(
                    nn.Conv2d(2 * channels, hidden, 1), nn.GELU(), nn.Conv2d(hidden, 1, 1)
                )
                for name in branches
            }
        )
        self.mix = nn.Sequential(
            nn.Conv2d(channels, channels, 1, bias=False), LayerNorm2d(channels), nn.GELU()
        )

    def gates(
        self, projected: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Weight (N, 1, h, w) of each present modality; they sum to 1 where any is valid."""
        names = [name for name in self.names if name in projected]
        share = torch.stack([shares[n] for n in names])  # (M, N, 1, h, w)
        mean = mean_over(projected, shares)  # (N, C, h, w)
        scores = torch.stack(
            [self.score[n](torch.cat([projected[n], mean], 1)) for n in names]
        )  # (M, N, 1, h, w)
        return dict(zip(names, shared_out(scores, share), strict=True))

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Weigh and sum what is there; see :class:`BaseFusion`."""
        projected = {
            name: self.project[name](given).masked_fill(shares[name] == 0, 0.0)
            for name, given in self.opened(features, shares).items()
        }
        gates = self.gates(projected, shares)
        fused = self.mix(added(gates[name] * projected[name] for name in projected))
        return self.closed(fused, shares)
