"""Layers as a picture: what networks read that cut their crops from the ground itself.

Flow: stacked layers -> [here] -> crops -> heads.crop_bbox_head.
"""

from __future__ import annotations

from mmengine.model import BaseModule
from torch import Tensor, nn

from fusionls.models.encoders.channels import PHOTO_CHANNELS
from fusionls.registry import MODELS


@MODELS.register_module()
class PictureEncoder(BaseModule):
    """One learned 1 x 1 convolution to three channels, at full resolution.

    Shapes:
        - input: (N, 3, H, W); any number of channels where a branch has adapted it
        - output: (N, 3, H, W)
    """

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(PHOTO_CHANNELS, PHOTO_CHANNELS, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Mix."""
        mixed: Tensor = self.mix(x)
        return mixed
