"""A learned mean of modalities, one weight for each: how exchanges end as one map.

Source: the ensemble of TokenFusion (Wang et al. 2022), kept by GeminiFusion (Jia et al. 2024).
Differs: of features, where theirs is of logits; weighted by the valid share; a layer norm after.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.models.fusion.base import BaseFusion
from fusionls.models.fusion.masked import mean_over


class Ensemble(BaseFusion):
    """y = LN(sum_m exp(b_m) s_m x_m / sum_m exp(b_m) s_m), all b_m zero at the start.

    Args:
        branches: The modalities, all ``channels`` wide.
        channels: Their channels.

    Shapes: as :class:`BaseFusion`, features zero where closed.
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int) -> None:
        super().__init__(branches=branches, channels=channels)
        self.weight = nn.ParameterDict({name: nn.Parameter(torch.zeros(1)) for name in branches})
        self.norm = LayerNorm2d(channels)

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Average what is there; see the class."""
        counted = {name: shares[name] * self.weight[name].exp() for name in features}
        return self.closed(self.norm(mean_over(features, counted)), shares)
