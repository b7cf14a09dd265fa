"""Fusion by channel gates that look at the whole map of every modality.

Source: squeeze and excitation, Hu et al. 2018, eq. 2 to 4; with one squeeze for several modalities
as in MMTM (Joze et al. 2020, eq. 1 to 4), and the gated features added as in ACNet (Hu et al.
2019, sec. 3.2).
Differs: of outputs of encoders; MMTM gates what goes on in each of them, ACNet adds within a third.
Pooling over valid pixels only; any number of modalities; a layer norm per pixel.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from mmengine.model import ModuleDict
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.models.fusion.base import BaseFusion
from fusionls.models.fusion.masked import Projections, added, masked_mean
from fusionls.registry import MODELS


@MODELS.register_module()
class SqueezeExcitationFusion(BaseFusion):
    """y = LN(sum_m s_m e_m * P_m f_m) with e_m = 2 sigmoid(U_m z) and z = ReLU(W [q_1, ..., q_M]).

    q_m is the mean of P_m f_m over its valid pixels, zero where there is none.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        reduction: Channels of all modalities per channel of z.

    Example:
        >>> fusion = SqueezeExcitationFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'terrain': torch.ones(1, 32, 8, 8)}, {'terrain': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int, reduction: int = 4) -> None:
        super().__init__(branches=branches, channels=channels)
        self.project = Projections(branches, channels)
        width = len(branches) * channels
        hidden = max(4, width // reduction)
        self.squeeze = nn.Sequential(nn.Conv2d(width, hidden, 1), nn.ReLU())
        self.excite = ModuleDict({name: nn.Conv2d(hidden, channels, 1) for name in branches})
        self.norm = LayerNorm2d(channels)

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Gate and add what is there; see :class:`BaseFusion`."""
        given = self.project(self.opened(features, shares))
        pooled = {name: masked_mean(f, shares[name]) for name, f in given.items()}
        z = self.squeeze(
            self.side_by_side(pooled, dict.fromkeys(self.names, self.channels))
        )  # (N, hidden, 1, 1)
        gates = {name: 2 * torch.sigmoid(self.excite[name](z)) for name in given}
        total = added(shares[name] * gates[name] * f for name, f in given.items())
        return self.closed(self.norm(total), shares)
