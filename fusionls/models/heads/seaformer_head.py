"""The light head of SeaFormer: fine features gated by coarser and coarser context.

Source: Wan et al. 2023 (ICLR), fusion block and light segmentation head; the depthwise last
convolution as in the authors' released configs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import ModuleList
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.registry import MODELS


class ContextGate(nn.Module):
    """y = W f * up(h(V g)): fine features f gated by coarse ones g, h the hard sigmoid.

    Args:
        fine: Channels of f.
        coarse: Channels of g.
        channels: Channels of y.
        norm_cfg: Of both 1 x 1 convolutions.
    """

    def __init__(self, fine: int, coarse: int, channels: int, norm_cfg: dict[str, Any]) -> None:
        super().__init__()
        self.fine = ConvModule(fine, channels, 1, norm_cfg=norm_cfg, act_cfg=None)
        self.coarse = ConvModule(coarse, channels, 1, norm_cfg=norm_cfg, act_cfg=None)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """Gate (N, C_f, H, W) by (N, C_g, h, w)."""
        gate = F.hardsigmoid(self.coarse(coarse))
        gate = F.interpolate(gate, fine.shape[2:], mode='bilinear', align_corners=False)
        out: Tensor = self.fine(fine) * gate
        return out


@MODELS.register_module()
class SeaFormerHead(BaseDecodeHead):
    """Gate the finest level by every coarser one in turn, and classify.

    Args:
        in_channels: Channels per level, fine to coarse.
        widths: Channels after each gate, ``len(in_channels) - 1`` numbers.
        **options: Those of mmseg's ``BaseDecodeHead``.

    Raises:
        InputError: Not one width per gate.

    Shapes:
        - input: tuple of (N, C_l, H/s_l, W/s_l), fine to coarse
        - output: logits (N, classes, H/s_0, W/s_0)
    """

    def __init__(
        self, *, in_channels: Sequence[int], widths: Sequence[int], **options: Any
    ) -> None:
        if len(widths) != len(in_channels) - 1:
            raise InputError(
                f'SeaFormerHead with {len(in_channels)} levels needs {len(in_channels) - 1} '
                f'widths, got {list(widths)}'
            )
        options.setdefault('norm_cfg', dict(type='BN'))
        super().__init__(
            in_channels=list(in_channels),
            channels=widths[-1],
            in_index=list(range(len(in_channels))),
            input_transform='multiple_select',
            **options,
        )
        self.gates = ModuleList(
            ContextGate(read, coarse, width, self.norm_cfg)
            for (read, width), coarse in zip(
                pairwise((in_channels[0], *widths)), in_channels[1:], strict=True
            )
        )
        self.last = ConvModule(
            self.channels,
            self.channels,
            1,
            groups=self.channels,
            norm_cfg=self.norm_cfg,
            act_cfg=self.act_cfg,
        )

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Gate and classify; see the class for shapes."""
        x, *context = self._transform_inputs(inputs)
        for gate, coarse in zip(self.gates, context, strict=True):
            x = gate(x, coarse)
        return self.cls_seg(self.last(x))
