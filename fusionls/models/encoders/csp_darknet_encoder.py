"""CSPDarknet, the encoder of YOLOv5 and YOLOX, over any number of layers.

Source: mmdet's ``CSPDarknet`` (Ge et al. 2021, "YOLOX", sec. 2.1; YOLOv5, release 5), used as it
is but for its first block: Focus there moves each 2 x 2 pixels into channels and convolves 3 x 3.
That is a 6 x 6 convolution of stride 2 over the picture, as YOLOv5 writes it from release 6 on:
the same function of as many weights, in another order. Only so is there a convolution over the
layers whose channel count ``encoders.channels`` can adapt.
Squeeze and excitation: Hu et al. 2018, "Squeeze-and-Excitation Networks", sec. 3.
"""

from __future__ import annotations

from typing import Any

from mmcv.cnn import ConvModule
from mmdet.models.backbones import CSPDarknet
from mmdet.models.layers import SELayer

from fusionls.models.encoders.channels import PHOTO_CHANNELS
from fusionls.registry import MODELS


@MODELS.register_module()
class CspDarknetEncoder(CSPDarknet):
    """CSPDarknet that reads the picture directly.

    Args:
        squeeze: Whether a squeeze-and-excitation block (reduction 16) ends every stage that is
            yielded.
        **options: Those of mmdet's ``CSPDarknet`` (``widen_factor``, ``deepen_factor``, ...).

    Shapes:
        - input: (N, 3, H, W)
        - output: tuple of (N, C_l, H / s_l, W / s_l); s_l are 8, 16 and 32 by default

    Example:
        >>> import torch
        >>> encoder = CspDarknetEncoder(widen_factor=0.375, deepen_factor=0.33)
        >>> [tuple(f.shape[1:]) for f in encoder(torch.zeros(1, 3, 64, 64))]
        [(96, 8, 8), (192, 4, 4), (384, 2, 2)]
    """

    def __init__(self, *, squeeze: bool = False, **options: Any) -> None:
        super().__init__(**options)
        focus: ConvModule = self.get_submodule('stem.conv')
        self.stem = ConvModule(
            PHOTO_CHANNELS,
            focus.out_channels,
            kernel_size=6,
            stride=2,
            padding=2,
            norm_cfg=dict(type='BN', eps=focus.norm.eps, momentum=focus.norm.momentum),
            act_cfg=options.get('act_cfg', dict(type='Swish')),
        )
        if squeeze:
            for i in self.out_indices:
                stage = getattr(self, self.layers[i])
                stage.append(SELayer(stage[-1].final_conv.out_channels))
