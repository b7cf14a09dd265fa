"""Fusion by channel attention at two scales: what each modality is worth, per channel and pixel.

Source: attentional feature fusion, Dai et al. 2021 (WACV), sec. 3.2: Z = M X + (1 - M) Y with M
the sigmoid of MS-CAM over X + Y.
Differs: any number of modalities by a softmax, which with two is that sigmoid of the difference of
their scores; weighted by the valid share.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from mmengine.model import ModuleDict
from torch import Tensor

from fusionls.models.blocks.multi_scale_attention import MultiScaleAttention
from fusionls.models.fusion.base import BaseFusion
from fusionls.models.fusion.masked import Projections, added, masked_mean, shared_out
from fusionls.registry import MODELS


@MODELS.register_module()
class AttentionalFusion(BaseFusion):
    """y = sum_m g_m * P_m f_m with g_m = s_m exp(a_m) / sum_k s_k exp(a_k).

    a_m is MS-CAM (``blocks.multi_scale_attention``) of u = sum_k s_k P_k f_k.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        reduction: Channels per channel of the bottlenecks of MS-CAM.

    Example:
        >>> fusion = AttentionalFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'terrain': torch.ones(1, 32, 8, 8)}, {'terrain': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int, reduction: int = 4) -> None:
        super().__init__(branches=branches, channels=channels)
        self.project = Projections(branches, channels)
        self.score = ModuleDict(
            {name: MultiScaleAttention(channels, reduction=reduction) for name in branches}
        )

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Weigh and add what is there; see :class:`BaseFusion`."""
        given = self.project(self.opened(features, shares))
        together = added(shares[name] * f for name, f in given.items())
        mean = masked_mean(together, self.total_share(shares).clamp(max=1.0))
        scores = torch.stack([self.score[name](together, mean) for name in given])
        gates = shared_out(scores, torch.stack([shares[name] for name in given]))
        return added(gate * f for gate, f in zip(gates, given.values(), strict=True))
