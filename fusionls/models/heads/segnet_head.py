"""The decoder of SegNet: values go back to where they were the largest.

Source: Badrinarayanan et al. 2017, "SegNet", sec. 3 and fig. 3.
Its encoder hands over where the maxima of each pooling lay, and nothing else but the coarsest
map. Here the encoder yields each level before it is pooled, and the head pools again: where the
maxima lie follows from the map, so this is the same network. Hence any encoder does, a fused one
included, and no backbone needs an output of its own kind.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import ModuleList
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.blocks.convolutions import BATCH_NORM
from fusionls.registry import MODELS


@MODELS.register_module()
class SegNetHead(BaseDecodeHead):
    """Unpool and convolve from the coarsest level to the finest.

    Args:
        in_channels: Channels per level before its pooling, fine to coarse, each level half as
            large as the one before.
        depths: Convolutions per level; the last one of the finest level is the classifier.
            VGG-16's by default.
        **options: Those of mmseg's ``BaseDecodeHead``.

    Raises:
        InputError: ``depths`` are not as many as the levels.

    Shapes:
        - input: tuple of (N, C_l, H / 2^l, W / 2^l), rounded down
        - output: logits (N, classes, H, W)
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int],
        depths: Sequence[int] = (2, 2, 3, 3, 3),
        **options: Any,
    ) -> None:
        if len(depths) != len(in_channels):
            raise InputError(
                f'SegNetHead has {len(in_channels)} levels and {len(depths)} depths; give one each'
            )
        options.setdefault('norm_cfg', BATCH_NORM)
        with warnings.catch_warnings():  # two logits on purpose, as in UNetHead
            warnings.filterwarnings('ignore', message='For binary segmentation')
            super().__init__(
                in_channels=list(in_channels),
                channels=in_channels[0],
                in_index=list(range(len(in_channels))),
                input_transform='multiple_select',
                **options,
            )
        self.conv_seg = nn.Conv2d(in_channels[0], self.out_channels, 3, padding=1)
        self.steps = ModuleList()
        for level in reversed(range(len(in_channels))):
            read = in_channels[level]
            widths = [read] * (depths[level] - 1)
            if level:
                widths.append(in_channels[level - 1])
            self.steps.append(nn.Sequential())
            for made in widths:
                self.steps[-1].append(
                    ConvModule(
                        read, made, 3, padding=1, norm_cfg=self.norm_cfg, act_cfg=self.act_cfg
                    )
                )
                read = made

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Decode; see the class for shapes."""
        levels = self._transform_inputs(inputs)
        pooled = [F.max_pool2d(level, 2, return_indices=True) for level in levels]
        x = pooled[-1][0]
        for step, level, (_, places) in zip(
            self.steps, reversed(levels), reversed(pooled), strict=True
        ):
            x = F.max_unpool2d(x, places, (2, 2), output_size=level.shape[2:])
            x = step(x)
        return self.cls_seg(x)
