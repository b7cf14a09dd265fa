"""Fusion in which some modalities constrain the others: where the ground forbids, features fade.

Source: the idea of a feature constraint in FCDU-Net (see configs/fcdu_net): what an image shows is
weighed by whether the terrain there can slide. The form is ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import ModuleDict
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.models.fusion.base import BaseFusion
from fusionls.models.fusion.masked import Projections, added
from fusionls.registry import MODELS


@MODELS.register_module()
class ConstrainedFusion(BaseFusion):
    """y = LN(c * sum_i s_i P_i f_i + sum_k s_k P_k f_k) with c = 2 sigmoid(sum_k s_k g_k(f_k)).

    i runs over free modalities, k over constraining ones; g_k is two 1 x 1 convolutions. Where no
    constraint is valid c is 1, and y what the free modalities say.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        constraints: The constraining modalities; those without a branch at this level are left
            out.

    Example:
        >>> fusion = ConstrainedFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'optical': torch.ones(1, 64, 8, 8)}, {'optical': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(
        self,
        *,
        branches: Mapping[str, int],
        channels: int,
        constraints: Sequence[str] = ('terrain',),
    ) -> None:
        super().__init__(branches=branches, channels=channels)
        self.project = Projections(branches, channels)
        self.constrain = ModuleDict(
            {
                name: nn.Sequential(
                    nn.Conv2d(width, channels, 1),
                    LayerNorm2d(channels),
                    nn.GELU(),
                    nn.Conv2d(channels, channels, 1),
                )
                for name, width in branches.items()
                if name in constraints
            }
        )
        self.norm = LayerNorm2d(channels)

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Constrain and add what is there; see :class:`BaseFusion`."""
        given = self.opened(features, shares)
        parts = {name: shares[name] * f for name, f in self.project(given).items()}
        said = [shares[n] * self.constrain[n](f) for n, f in given.items() if n in self.constrain]
        if said:
            constraint = 2 * torch.sigmoid(added(said))
            parts = {n: f if n in self.constrain else constraint * f for n, f in parts.items()}
        return self.closed(self.norm(added(parts.values())), shares)
