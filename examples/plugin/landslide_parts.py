"""An encoder, a fusion operator and a head that fusionls does not know, in one file.

They are registered in mmengine's root, where fusionls, mmseg and mmdet all look; a config names
this module in ``custom_imports`` and its parts by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleDict, ModuleList
from mmengine.registry import MODELS
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.models.fusion import BaseFusion
from fusionls.models.fusion.masked import added, mean_over


@MODELS.register_module()
class DepthwisePyramid(BaseModule):
    """Levels of stride 2, 4, 8, ... by depthwise separable convolutions.

    Written for three channels, as encoders of pictures are: a branch gives its first convolution as
    many as the modality has layers, and one for the valid mask.

    Args:
        widths: Channels per level, fine to coarse.
    """

    def __init__(self, *, widths: Sequence[int] = (16, 24, 32)) -> None:
        super().__init__()
        reads = [3, *widths[:-1]]
        self.steps = ModuleList()
        for level, (read, width) in enumerate(zip(reads, widths, strict=True)):
            groups = read if level else 1  # depthwise, but for the picture itself
            spatial = nn.Conv2d(read, read if level else width, 3, 2, 1, groups=groups, bias=False)
            mixed = nn.Conv2d(spatial.out_channels, width, 1, bias=False)
            self.steps.append(nn.Sequential(spatial, mixed, nn.BatchNorm2d(width), nn.GELU()))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Levels (N, widths[l], H / 2^(l+1), W / 2^(l+1)), fine to coarse."""
        levels = []
        for step in self.steps:
            x = step(x)
            levels.append(x)
        return tuple(levels)


@MODELS.register_module()
class AgreementFusion(BaseFusion):
    """Weighs each modality by how far it agrees with all: y = sum w_m p_m / sum w_m.

    p_m = LN(W_m f_m) and w_m = s_m (1 + cos(p_m, mean p)), with s_m the valid share of the pixel.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int) -> None:
        super().__init__(branches=branches, channels=channels)
        self.project = ModuleDict(
            {
                name: nn.Sequential(nn.Conv2d(width, channels, 1), LayerNorm2d(channels))
                for name, width in branches.items()
            }
        )

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Weigh and average what is there; see ``BaseFusion`` for shapes."""
        projected = {
            name: self.project[name](given).masked_fill(shares[name] == 0, 0.0)
            for name, given in self.opened(features, shares).items()
        }
        mean = mean_over(projected, shares)  # (N, C, h, w)
        weights = {
            name: shares[name] * (1.0 + F.cosine_similarity(p, mean, dim=1)[:, None])
            for name, p in projected.items()
        }  # (N, 1, h, w)
        total = added(weights.values()).clamp_min(1e-3)
        return self.closed(added(weights[n] * projected[n] for n in projected) / total, shares)


@MODELS.register_module()
class TwoScaleHead(BaseDecodeHead):
    """Classes from the finest level beside the coarsest, which is brought to its size.

    Args:
        in_channels: Channels of the levels, fine to coarse.
        **options: Those of mmseg's ``BaseDecodeHead``.
    """

    def __init__(self, *, in_channels: Sequence[int], **options: Any) -> None:
        super().__init__(
            in_channels=[in_channels[0], in_channels[-1]],
            in_index=[0, len(in_channels) - 1],
            input_transform='multiple_select',
            **options,
        )
        self.mix = nn.Sequential(
            nn.Conv2d(sum(self.in_channels), self.channels, 3, padding=1), nn.GELU()
        )

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Logits (N, classes, h, w) at the finest level."""
        fine, coarse = self._transform_inputs(inputs)
        coarse = F.interpolate(coarse, size=fine.shape[2:], mode='bilinear', align_corners=False)
        return self.cls_seg(self.mix(torch.cat([fine, coarse], 1)))
