"""Fusion that makes up for what is missing: the default operator of fusionls.

Source: our own. Its parts: a sum of projections is concatenation with a 1 x 1 convolution
(``concat.py``), and at the start it is just that; gates by groups of channels follow Cheng et al.
2017 (``gated.py``) and the split of SK convolutions (Li et al. 2019, eq. 5, without the softmax);
features of a missing modality are predicted from those that are there, as in feature imputation
of missing modalities (Ma et al. 2021, "SMIL", sec. 3.2), here by one low-rank layer per pixel.

For modality m with features f_m of valid share s_m at a pixel::

    p_m = W_m f_m                                     projection, C channels
    t_m = s_m / (s_m + e_m (1 - s_m))                 what a pixel is worth that is valid in part
    c   = LN(sum_m t_m p_m / sum_m t_m)               what those that are there agree on
    g_m = 2 sigmoid(A_m GELU(B [LN(p_m), c]))         gate per group of channels, 1 at the start
    q_m = D_m GELU(E c) + d_m                         what m would have said, 0 at the start
    z   = GELU(LN(sum_m t_m g_m p_m + (1 - t_m) q_m))
    y   = z + V GELU(U dw(z))                         neighbours; dw: 3 x 3 depthwise convolution

and y = 0 where no modality is valid. The parameter e_m > 0 is learned: with holes filled, half a
pixel is often worth nearly as much as a whole one.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from mmengine.model import ModuleDict
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.models.fusion.base import BaseFusion
from fusionls.models.fusion.masked import added
from fusionls.registry import MODELS

_FIRST_WORTH = -2.25  # softplus of it is 0.1: a pixel valid by half starts at 0.91


@MODELS.register_module()
class CompensatingFusion(BaseFusion):
    """Gated sum of projections, with stand-ins for what is missing; see the module.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        groups: Channels are gated in so many groups (fewer where ``channels`` cannot be split).
        hidden: Channels of the gates' network and rank of the stand-ins.

    Example:
        >>> fusion = CompensatingFusion(branches=dict(optical=64, insar=32), channels=48)
        >>> fusion({'insar': torch.ones(1, 32, 8, 8)}, {'insar': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(
        self,
        *,
        branches: Mapping[str, int],
        channels: int,
        groups: int = 8,
        hidden: int = 16,
    ) -> None:
        super().__init__(branches=branches, channels=channels)
        self.groups = next(g for g in range(min(groups, channels), 0, -1) if channels % g == 0)
        self.project = ModuleDict(
            {name: nn.Conv2d(width, channels, 1, bias=False) for name, width in branches.items()}
        )
        self.worth = nn.ParameterDict(
            {name: nn.Parameter(torch.tensor(_FIRST_WORTH)) for name in branches}
        )
        self.own_norm = LayerNorm2d(channels)
        self.common_norm = LayerNorm2d(channels)
        self.look = nn.Conv2d(2 * channels, hidden, 1)
        self.gate = ModuleDict({name: nn.Conv2d(hidden, self.groups, 1) for name in branches})
        self.recall = nn.Conv2d(channels, hidden, 1)
        self.stand_in = ModuleDict({name: nn.Conv2d(hidden, channels, 1) for name in branches})
        for layers in (self.gate, self.stand_in):
            for layer in layers.values():
                nn.init.zeros_(layer.weight)
                nn.init.zeros_(layer.bias)
        self.norm = LayerNorm2d(channels)
        self.neighbours = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.Conv2d(channels, 2 * channels, 1),
            nn.GELU(),
            nn.Conv2d(2 * channels, channels, 1),
        )

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Fuse what is there; see :class:`BaseFusion`."""
        given = self.opened(features, shares)
        projected = {name: self.project[name](f) for name, f in given.items()}  # (N, C, h, w)
        worth = {name: self._worth(name, shares[name]) for name in given}  # (N, 1, h, w)
        total = added(worth.values())
        seen = added(worth[name] * projected[name] for name in given)
        common = self.common_norm(seen / total.clamp_min(1e-6))  # (N, C, h, w)
        fused = torch.zeros_like(seen)
        for name in given:
            fused = fused + worth[name] * self._gated(name, projected[name], common)
        recalled = F.gelu(self.recall(common))  # (N, hidden, h, w)
        for name in self.names:
            stand_in = self.stand_in[name](recalled)
            missing = 1.0 - worth[name] if name in worth else 1.0
            fused = fused + missing * stand_in
        z = self.closed(F.gelu(self.norm(fused)), shares)
        return self.closed(z + self.neighbours(z), shares)

    def _worth(self, name: str, share: Tensor) -> Tensor:
        """What a pixel counts for, 0 to 1, by its valid share."""
        cost = F.softplus(self.worth[name])
        return share / (share + cost * (1.0 - share)).clamp_min(1e-6)

    def _gated(self, name: str, projected: Tensor, common: Tensor) -> Tensor:
        looked = F.gelu(self.look(torch.cat([self.own_norm(projected), common], 1)))
        gate = 2.0 * torch.sigmoid(self.gate[name](looked))  # (N, groups, h, w)
        n, c, h, w = projected.shape
        grouped = projected.reshape(n, self.groups, c // self.groups, h, w)
        return (gate[:, :, None] * grouped).reshape(n, c, h, w)
