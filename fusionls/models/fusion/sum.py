"""Fusion by addition, the cheapest there is.

Source: FuseNet, Hazirbas et al. 2016, sec. 3.2: features of the depth encoder are added to those
of the colour encoder.
Differs: outputs of encoders are added, where the sum of FuseNet goes on through the colour encoder;
any number of modalities, each weighted by its valid share; a layer norm per pixel, so
that the size of the sum does not tell how many modalities were there; a 1 x 1 convolution before
where widths differ.
"""

from __future__ import annotations

from collections.abc import Mapping

from timm.layers import LayerNorm2d
from torch import Tensor

from fusionls.models.fusion.base import BaseFusion
from fusionls.models.fusion.masked import Projections, added
from fusionls.registry import MODELS


@MODELS.register_module()
class SumFusion(BaseFusion):
    """y = LN(sum_m s_m P_m f_m), zero where all s are zero; P_m is the identity at equal width.

    Example:
        >>> import torch
        >>> fusion = SumFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'optical': torch.ones(1, 64, 8, 8)}, {'optical': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int) -> None:
        super().__init__(branches=branches, channels=channels)
        self.project = Projections(branches, channels)
        self.norm = LayerNorm2d(channels)

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Add up what is there; see :class:`BaseFusion`."""
        given = self.project(self.weighted(features, shares))
        return self.closed(self.norm(added(given.values())), shares)
