"""MobileNetV3 with coordinate attention in its bottlenecks.

Source: Li and Li 2022, "Methods for landslide detection based on lightweight YOLOv4 convolutional
neural network", Earth Sci. Inform. 15 (abstract: MobileNetV3 in place of CSPDarknet53, depthwise
separable convolutions, "the coordinate attention mechanism was introduced in the bottleneck").
MobileNetV3: Howard et al. 2019, table 1 (large), from mmpretrain. Coordinate attention: Hou et al.
2021, "Coordinate Attention for Efficient Mobile Network Design", sec. 3.2, from timm.
Assumed, since the text of the paper was not at hand: coordinate attention takes the place of
squeeze and excitation; the coarsest level is what the classifier would pool, 960 channels.
"""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones import MobileNetV3
from mmpretrain.models.utils import InvertedResidual
from timm.layers.coord_attn import CoordAttn
from torch import nn

from fusionls.registry import MODELS


class StripNorm(nn.BatchNorm2d):
    """Batch norm over means of rows and columns, (N, C, H + W, 1).

    A class of its own, so that ``encoders.valid_norm`` leaves it alone: the valid mask of the
    picture says nothing about a list of rows and columns.
    """


@MODELS.register_module()
class CoordinateMobileNet(MobileNetV3):
    """Levels of strides 8, 16 and 32 of MobileNetV3-Large: 40, 112 and 960 channels.

    Args:
        coordinate: Whether coordinate attention replaces squeeze and excitation.
        **options: Those of mmpretrain's ``MobileNetV3`` but ``arch`` and ``out_indices``.

    Shapes:
        - input: (N, 3, H, W)
        - output: (N, 40, H / 8, W / 8), (N, 112, H / 16, W / 16), (N, 960, H / 32, W / 32)
    """

    def __init__(self, *, coordinate: bool = True, **options: Any) -> None:
        super().__init__(arch='large', out_indices=(6, 12, 16), **options)
        if coordinate:
            for block in self.modules():
                if isinstance(block, InvertedResidual) and block.with_se:
                    block.se = CoordAttn(
                        block.se.conv1.in_channels,
                        rd_ratio=1 / 32,
                        se_factor=1.0,
                        norm_layer=StripNorm,
                    )
