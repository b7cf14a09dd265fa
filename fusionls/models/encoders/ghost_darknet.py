"""The slim encoder of YOLO-SA: ghost bottlenecks, convolutions in groups, attention.

Source: Cheng, Li, Duan and Wang 2021, "A small attentional YOLO model for landslide detection from
satellite remote sensing images", Landslides 18, whose abstract (from memory; the text was not at
hand) says: YOLOv4 as the base, group convolution and ghost bottleneck in place of the residual
parts of standard convolutions, an attention mechanism added, about 1.47 million parameters in all.
Ghost bottleneck: Han et al. 2020, "GhostNet", sec. 3.1 and fig. 3, from timm. Attention over
channels, then over pixels: Woo et al. 2018, "CBAM", sec. 3, from timm.
Assumed: the five stages of CSPDarknet53 with their 1, 2, 8, 8, 4 residual units turned to ghost
bottlenecks; groups in the convolutions that halve the map; CBAM as the attention, behind each stage
that is yielded; widths that make the whole detector as heavy as the paper says.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from mmengine.model import BaseModule, ModuleList
from timm.layers.cbam import CbamModule
from timm.models.ghostnet import GhostBottleneck
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.blocks.spatial_convolution import Spatial, spatial_convolution
from fusionls.models.encoders.channels import PHOTO_CHANNELS
from fusionls.registry import MODELS

UNITS = (1, 2, 8, 8, 4)
"""Residual units per stage of CSPDarknet53 (YOLOv3, table 1; YOLOv4)."""
ACT = dict(type='ReLU')


@MODELS.register_module()
class GhostDarknet(BaseModule):
    """Stages of ghost bottlenecks, each at half the size of the one before.

    Args:
        stem: Channels of the first convolution, which keeps the size.
        widths: Channels per stage.
        units: Ghost bottlenecks per stage; their inside is twice as wide.
        groups: Of the convolutions that halve the map.
        yielded: How many of the last stages to yield, each behind CBAM.

    Raises:
        InputError: There are not as many widths as units, or fewer than are yielded.

    Shapes:
        - input: (N, 3, H, W)
        - output: tuple of (N, C_l, H / s_l, W / s_l); with five stages s_l are 8, 16 and 32
    """

    def __init__(
        self,
        *,
        stem: int = 16,
        widths: Sequence[int],
        units: Sequence[int] = UNITS,
        groups: int = 4,
        yielded: int = 3,
    ) -> None:
        super().__init__()
        if len(widths) != len(units) or not 1 <= yielded <= len(widths):
            raise InputError(
                f'{len(widths)} widths, {len(units)} numbers of units, {yielded} stages to yield; '
                'expected one width and one number of units per stage, and to yield some of them'
            )
        self.stem = spatial_convolution(PHOTO_CHANNELS, stem, act=ACT)
        self.stages = ModuleList(
            nn.Sequential(
                spatial_convolution(
                    before, width, kind=Spatial.GROUPED, groups=groups, stride=2, act=ACT
                ),
                *(GhostBottleneck(width, 2 * width, width) for _ in range(count)),
            )
            for (before, width), count in zip(
                itertools.pairwise([stem, *widths]), units, strict=True
            )
        )
        self.attention = ModuleList(CbamModule(width) for width in widths[-yielded:])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Yield the last stages, fine to coarse."""
        x = self.stem(x)
        levels: list[Tensor] = []
        silent = len(self.stages) - len(self.attention)
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i >= silent:
                x = self.attention[i - silent](x)
                levels.append(x)
        return tuple(levels)
