"""The decoder of the U-Net as a decode head over any pyramid of features.

Source: Ronneberger et al. 2015, fig. 1, right half, with the encoder's levels as skips.
Differs: bilinear upsampling instead of transposed convolutions, batch norm after each
convolution (as in common practice since), leaky ReLU, any number of levels and strides. mmseg
has the U-Net only as a backbone of its own, which cannot take the levels of another encoder.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import ModuleList
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.registry import MODELS


@MODELS.register_module()
class UNetHead(BaseDecodeHead):
    """Decode from the coarsest level to the finest, one skip at a time.

    Args:
        in_channels: Channels per level, fine to coarse.
        widths: Channels after each step, from the coarsest skip to the finest:
            ``len(in_channels) - 1`` numbers.
        **options: Those of mmseg's ``BaseDecodeHead``.

    Shapes:
        - input: tuple of (N, C_l, H/s_l, W/s_l), fine to coarse
        - output: logits (N, classes, H/s_0, W/s_0)
    """

    def __init__(
        self, *, in_channels: Sequence[int], widths: Sequence[int], **options: Any
    ) -> None:
        if len(widths) != len(in_channels) - 1:
            raise InputError(
                f'UNetHead with {len(in_channels)} levels needs {len(in_channels) - 1} widths, '
                f'got {list(widths)}'
            )
        options.setdefault('norm_cfg', dict(type='BN'))
        # not ReLU: where all its channels die, every probability is the classifier's bias
        options.setdefault('act_cfg', dict(type='LeakyReLU', negative_slope=0.1))
        with warnings.catch_warnings():
            # mmseg advises one logit for two classes; two with softmax are on purpose, so that
            # every head and loss of mmseg fits
            warnings.filterwarnings('ignore', message='For binary segmentation')
            super().__init__(
                in_channels=list(in_channels),
                channels=[in_channels[-1], *widths][-1],
                in_index=list(range(len(in_channels))),
                input_transform='multiple_select',
                **options,
            )
        self.steps = ModuleList()
        width = in_channels[-1]
        for skip, out in zip(reversed(in_channels[:-1]), widths, strict=True):
            self.steps.append(nn.Sequential(self._conv(width + skip, out), self._conv(out, out)))
            width = out

    def _conv(self, read: int, out: int) -> ConvModule:
        return ConvModule(read, out, 3, padding=1, norm_cfg=self.norm_cfg, act_cfg=self.act_cfg)

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Decode; see the class for shapes."""
        *skips, x = self._transform_inputs(inputs)
        for step, skip in zip(self.steps, reversed(skips), strict=True):
            x = F.interpolate(x, size=skip.shape[2:], mode='bilinear', align_corners=False)
            x = step(torch.cat([x, skip], 1))  # (N, widths[i], h, w)
        return self.cls_seg(x)
