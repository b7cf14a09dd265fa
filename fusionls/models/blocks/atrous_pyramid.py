"""A block that sees near and far at once, by dilated convolutions side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.aspp_head import ASPPModule
from torch import Tensor, nn

from fusionls.models.blocks.convolutions import BATCH_NORM, RELU
from fusionls.registry import MODELS


@MODELS.register_module()
class AtrousPyramid(nn.Module):
    """mmseg's atrous spatial pyramid pooling and a 1 x 1 convolution over its parts.

    Source: Chen et al. 2017 (DeepLabV3), fig. 5, without the branch of the whole picture, which
    in a batch of one has nothing to be normalised by.

    Args:
        in_channels: Channels it reads.
        channels: Channels it makes.
        dilations: One part each; 1 is a 1 x 1 convolution.
        norm_cfg: Norm of all convolutions.
        act_cfg: Activation of all convolutions.

    Shapes:
        - input: (N, in_channels, h, w)
        - output: (N, channels, h, w)
    """

    def __init__(
        self,
        *,
        in_channels: int,
        channels: int,
        dilations: Sequence[int] = (1, 2, 4, 6),
        norm_cfg: dict[str, Any] = BATCH_NORM,
        act_cfg: dict[str, Any] = RELU,
    ) -> None:
        super().__init__()
        part = max(1, channels // len(dilations))
        self.parts = ASPPModule(tuple(dilations), in_channels, part, None, norm_cfg, act_cfg)
        self.join = ConvModule(
            part * len(dilations), channels, 1, norm_cfg=norm_cfg, act_cfg=act_cfg
        )

    def forward(self, x: Tensor) -> Tensor:
        """See near and far."""
        out: Tensor = self.join(torch.cat(self.parts(x), 1))
        return out
