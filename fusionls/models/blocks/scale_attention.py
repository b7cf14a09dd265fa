"""A way up that weighs what the coarse map brings, pixel by pixel.

Source: scale attention of Zhu et al. 2020, "Deep Fusion of Local and Non-Local Features for
Precision Landslide Recognition" (arXiv 2002.08547): "to guide the up-sampling of features from the
coarse level by a learned weight map".
Differs: of the paper its abstract was at hand; how the weight is made of both maps is ours.
"""

from __future__ import annotations

import torch
from mmcv.cnn import ConvModule
from torch import Tensor, nn

from fusionls.models.blocks.convolutions import BATCH_NORM
from fusionls.models.blocks.upsampling import resized
from fusionls.registry import MODELS


@MODELS.register_module()
class ScaleAttention(nn.Module):
    """w * up(x) with w = sigmoid(V ReLU(BN(U [up(x), skip]))), one weight a pixel.

    U is a 3 x 3 and V a 1 x 1 convolution; up is bilinear.

    Args:
        in_channels: Channels of the coarse map, which are kept.
        skip_channels: Channels of the skip.
        hidden: Channels between U and V.

    Shapes:
        - input: (N, in_channels, h, w) and the skip (N, skip_channels, H, W)
        - output: (N, in_channels, H, W)
    """

    def __init__(self, *, in_channels: int, skip_channels: int, hidden: int = 32) -> None:
        super().__init__()
        self.channels = in_channels
        self.weigh = nn.Sequential(
            ConvModule(in_channels + skip_channels, hidden, 3, padding=1, norm_cfg=BATCH_NORM),
            nn.Conv2d(hidden, 1, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Interpolate and weigh."""
        risen = resized(x, skip.shape[2:])
        weight: Tensor = self.weigh(torch.cat([risen, skip], 1))
        return weight * risen
