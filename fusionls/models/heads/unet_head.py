"""The decoder of the U-Net as a decode head over any pyramid of features.

Source: Ronneberger et al. 2015, fig. 1, right half, with the encoder's levels as skips.
Differs: batch norm after each convolution (as in common practice since), any number of levels and
strides; by default bilinear upsampling instead of transposed convolutions, and leaky ReLU. mmseg
has the U-Net only as a backbone of its own, which cannot take the levels of another encoder.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import ModuleList
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.blocks.convolutions import BATCH_NORM, ConvPair
from fusionls.models.blocks.upsampling import BilinearUpsampling
from fusionls.registry import MODELS


@MODELS.register_module()
class UNetHead(BaseDecodeHead):
    """Decode from the coarsest level to the finest, one skip at a time.

    Args:
        in_channels: Channels per level, fine to coarse.
        widths: Channels after each step, from the coarsest skip to the finest:
            ``len(in_channels) - 1`` numbers. Further ones are steps without a skip, each to
            twice the size.
        upsampling: Config of a way up of ``models.blocks.upsampling``; bilinear by default.
        block: Config of a block of ``models.blocks`` for every step, which has the norm and
            activation of the head; ``ConvPair`` by default.
        entry: Channels to which a 3 x 3 convolution brings the coarsest level first; none by
            default.
        **options: Those of mmseg's ``BaseDecodeHead``.

    Raises:
        InputError: ``widths`` are fewer than there are skips.

    Shapes:
        - input: tuple of (N, C_l, H/s_l, W/s_l), fine to coarse
        - output: logits (N, classes, H/s_0, W/s_0), twice as large for each further step
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int],
        widths: Sequence[int],
        upsampling: Mapping[str, Any] | None = None,
        block: Mapping[str, Any] | None = None,
        entry: int | None = None,
        **options: Any,
    ) -> None:
        further = len(widths) - (len(in_channels) - 1)
        if further < 0:
            raise InputError(
                f'UNetHead with {len(in_channels)} levels needs {len(in_channels) - 1} widths, '
                f'got {list(widths)}; further ones are steps without a skip'
            )
        width = in_channels[-1] if entry is None else entry
        options.setdefault('norm_cfg', BATCH_NORM)
        # not ReLU: where all its channels die, every probability is the classifier's bias
        options.setdefault('act_cfg', dict(type='LeakyReLU', negative_slope=0.1))
        with warnings.catch_warnings():
            # mmseg advises one logit for two classes; two with softmax are on purpose, so that
            # every head and loss of mmseg fits
            warnings.filterwarnings('ignore', message='For binary segmentation')
            super().__init__(
                in_channels=list(in_channels),
                channels=[width, *widths][-1],
                in_index=list(range(len(in_channels))),
                input_transform='multiple_select',
                **options,
            )
        shared = dict(norm_cfg=self.norm_cfg, act_cfg=self.act_cfg)
        self.entry: nn.Module = (
            nn.Identity()
            if entry is None
            else ConvModule(in_channels[-1], entry, 3, padding=1, **shared)
        )
        self.upsamplings, self.steps = ModuleList(), ModuleList()
        for skip, made in zip([*reversed(in_channels[:-1]), *[0] * further], widths, strict=True):
            if skip:
                way = upsampling or {'type': BilinearUpsampling}
                self.upsamplings.append(
                    MODELS.build(dict(way, in_channels=width, skip_channels=skip))
                )
                width = self.upsamplings[-1].channels
            options = dict(block or {'type': ConvPair}, in_channels=width + skip, channels=made)
            self.steps.append(MODELS.build(options | shared))
            width = made

    def decoded(self, inputs: tuple[Tensor, ...]) -> list[Tensor]:
        """The maps after each step, (N, widths[i], h, w), coarse to fine."""
        *skips, x = self._transform_inputs(inputs)
        x = self.entry(x)
        maps = []
        for number, step in enumerate(self.steps):
            if number < len(skips):
                skip = skips[-1 - number]
                x = torch.cat([self.upsamplings[number](x, skip), skip], 1)
            else:
                x = F.interpolate(x, scale_factor=2, mode='bilinear', align_corners=False)
            x = step(x)
            maps.append(x)
        return maps or [x]

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Decode; see the class for shapes."""
        return self.cls_seg(self.decoded(inputs)[-1])
