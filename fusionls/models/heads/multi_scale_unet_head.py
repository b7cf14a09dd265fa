"""The decoder of the U-Net, classified from all its steps side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import ConvModule
from torch import Tensor

from fusionls.models.blocks.upsampling import resized
from fusionls.models.heads.unet_head import UNetHead
from fusionls.registry import MODELS


@MODELS.register_module()
class MultiScaleUNetHead(UNetHead):
    """Decode as :class:`UNetHead`, then join the maps of all steps at the size of the finest.

    Args:
        in_channels: Channels per level, fine to coarse.
        widths: Channels after each step.
        **options: Those of :class:`UNetHead`.

    Shapes: as :class:`UNetHead`.
    """

    def __init__(
        self, *, in_channels: Sequence[int], widths: Sequence[int], **options: Any
    ) -> None:
        super().__init__(in_channels=in_channels, widths=widths, **options)
        self.join = ConvModule(
            sum(widths), self.channels, 1, norm_cfg=self.norm_cfg, act_cfg=self.act_cfg
        )

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Decode and join; see the class."""
        maps = self.decoded(inputs)
        size = maps[-1].shape[2:]
        return self.cls_seg(self.join(torch.cat([resized(x, size) for x in maps], 1)))
