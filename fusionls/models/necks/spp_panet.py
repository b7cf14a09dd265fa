"""The neck of YOLOv4: pyramid pooling of the coarsest level, then paths down and up again.

Source: Bochkovskiy et al. 2020, "YOLOv4", sec. 3.4 (SPP and PANet, with concatenation in place of
addition, fig. 6); spatial pyramid pooling as in YOLOv3-SPP; path aggregation: Liu et al. 2018,
"Path Aggregation Network for Instance Segmentation", sec. 3.1. The chains of 1 x 1 and 3 x 3
convolutions and their widths are those of darknet's ``yolov4.cfg``, from memory.
Differs: the 3 x 3 convolutions may be separable (as Li and Li 2022 have them) or in groups (as
Cheng et al. 2021 do).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.blocks.spatial_convolution import NORM, Spatial, spatial_convolution
from fusionls.registry import MODELS

POOLS = (5, 9, 13)
"""Sides of the windows of pyramid pooling, pixels of the coarsest level."""
LEAKY = dict(type='LeakyReLU', negative_slope=0.1)


@MODELS.register_module()
class SppPanet(BaseModule):
    """SPP and PANet of YOLOv4.

    Args:
        in_channels: Channels per level read, fine to coarse.
        widths: Channels per level yielded, fine to coarse; the 3 x 3 convolutions inside are twice
            as wide.
        kind: Of the 3 x 3 convolutions, see :class:`Spatial`.
        groups: Of ``grouped`` ones.

    Raises:
        InputError: There are fewer than two levels, or not as many widths.

    Shapes:
        - input: (N, C_l, H / s_l, W / s_l) per level, each level half the size of the one before
        - output: the same with ``widths`` as channels

    Example:
        >>> neck = SppPanet(in_channels=[40, 112], widths=[16, 32])
        >>> sizes = [torch.zeros(1, 40, 8, 8), torch.zeros(1, 112, 4, 4)]
        >>> [tuple(f.shape[1:]) for f in neck(sizes)]
        [(16, 8, 8), (32, 4, 4)]
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int],
        widths: Sequence[int],
        kind: str = Spatial.SEPARABLE,
        groups: int = 4,
    ) -> None:
        super().__init__()
        if len(in_channels) != len(widths) or len(widths) < 2:
            raise InputError(
                f'{len(in_channels)} levels are read and {len(widths)} made; expected as many, '
                'two or more'
            )
        self.in_channels = list(in_channels)
        rule: dict[str, Any] = dict(kind=kind, groups=groups, act=LEAKY)

        def chain(inputs: int, width: int, links: int) -> nn.Sequential:
            """1 x 1 to the width and 3 x 3 to twice of it, in turn; the last is 1 x 1."""
            made: list[nn.Module] = []
            for link in range(links):
                if link % 2:
                    made.append(spatial_convolution(inputs, 2 * width, **rule))
                else:
                    made.append(_point(inputs, width))
                inputs = 2 * width if link % 2 else width
            return nn.Sequential(*made)

        coarsest = widths[-1]
        self.before_pooling = chain(in_channels[-1], coarsest, 3)
        self.after_pooling = chain((len(POOLS) + 1) * coarsest, coarsest, 3)
        steps = list(itertools.pairwise(widths))  # fine and coarse width of neighbours
        self.laterals = ModuleList(
            _point(channels, width)
            for channels, width in zip(in_channels[:-1], widths[:-1], strict=True)
        )
        self.reductions = ModuleList(_point(coarse, fine) for fine, coarse in steps)
        self.to_fine = ModuleList(chain(2 * fine, fine, 5) for fine, _ in steps)
        self.strides = ModuleList(
            spatial_convolution(fine, coarse, stride=2, **rule) for fine, coarse in steps
        )
        self.to_coarse = ModuleList(chain(2 * coarse, coarse, 5) for _, coarse in steps)

    def forward(self, levels: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Mix the levels, fine to coarse."""
        x = self.before_pooling(levels[-1])
        pooled = [F.max_pool2d(x, side, 1, side // 2) for side in POOLS]
        down = [self.after_pooling(torch.cat([x, *pooled], 1))]  # coarse to fine
        for i in reversed(range(len(self.laterals))):
            wide = F.interpolate(self.reductions[i](down[-1]), scale_factor=2.0)
            down.append(self.to_fine[i](torch.cat([self.laterals[i](levels[i]), wide], 1)))
        up = [down.pop()]  # fine to coarse
        for stride, mix in zip(self.strides, self.to_coarse, strict=True):
            up.append(mix(torch.cat([stride(up[-1]), down.pop()], 1)))
        return tuple(up)


def _point(inputs: int, outputs: int) -> ConvModule:
    return ConvModule(inputs, outputs, 1, bias=False, norm_cfg=NORM, act_cfg=LEAKY)
