"""SeaFormer, an encoder for phones: inverted residuals, and squeezed axial attention where coarse.

Source: Wan et al. 2023, "SeaFormer: Squeeze-enhanced Axial Transformer for Mobile Semantic
Segmentation" (ICLR); kernels and widths of the variants as in the authors' released configs.
Differs: no weights of ImageNet are at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from mmengine.model import BaseModule
from timm.layers import ConvNormAct
from timm.models._efficientnet_blocks import DepthwiseSeparableConv, InvertedResidual
from torch import Tensor, nn

from fusionls.errors import InputError, nearest_names
from fusionls.models.blocks.axial_attention import SqueezeAxialBlock
from fusionls.registry import MODELS

_STEM = 16  # channels after the first convolution
_EXPANSION = (4, 3, 3, None, 6)  # of the first inverted residual of a stage; None: see the variant
_SECOND_EXPANSION = 3  # of the second one, where there is one
_KERNEL = (3, 5, 3, 5, 3)
_KEYS = (16, 24)  # channels of a key, per head, at strides 32 and 64
_MLP = (2, 4)  # expansion of the feed-forward networks there


@dataclass(frozen=True)
class Variant:
    """Numbers in which the sizes of SeaFormer differ.

    Attributes:
        widths: Channels of the five stages, strides 4 to 64.
        expansion: Of the inverted residual at stride 32.
        depth: Attention blocks at strides 32 and 64 each.
        heads: Of every attention.
    """

    widths: tuple[int, int, int, int, int]
    expansion: int
    depth: int
    heads: int


VARIANTS = {
    'tiny': Variant((16, 32, 64, 128, 160), 3, 2, 4),
    'small': Variant((24, 48, 96, 160, 192), 4, 3, 6),
    'base': Variant((32, 64, 128, 192, 256), 4, 4, 8),
}


@MODELS.register_module()
class SeaFormer(BaseModule):
    """SeaFormer without its head.

    Args:
        variant: ``'tiny'``, ``'small'`` or ``'base'``.
        drop_path: Probability that a sample skips the last attention block of a stage in
            training; it grows to that from 0.

    Raises:
        InputError: There is no such variant.

    Shapes:
        - input: (N, 3, H, W)
        - output: (N, C_l, H/s, W/s) at strides s of 8, 32 and 64

    Example:
        >>> encoder = SeaFormer(variant='tiny')
        >>> [level.shape[1] for level in encoder(torch.zeros(2, 3, 64, 64))]
        [32, 128, 160]
    """

    def __init__(self, *, variant: str, drop_path: float = 0.1) -> None:
        super().__init__()
        if variant not in VARIANTS:
            raise InputError(f'SeaFormer {variant!r}: {nearest_names(variant, VARIANTS)}')
        numbers = VARIANTS[variant]
        stem = [
            ConvNormAct(3, _STEM, 3, stride=2),
            DepthwiseSeparableConv(_STEM, _STEM, norm_layer=nn.BatchNorm2d),
        ]
        stages = []
        for i, (read, width) in enumerate(pairwise((_STEM, *numbers.widths))):
            residual = partial(
                InvertedResidual,
                out_chs=width,
                dw_kernel_size=_KERNEL[i],
                norm_layer=nn.BatchNorm2d,
            )
            expansion = _EXPANSION[i] or numbers.expansion
            parts: list[nn.Module] = [residual(read, stride=2, exp_ratio=expansion)]
            if i < 3:
                parts.append(residual(width, stride=1, exp_ratio=_SECOND_EXPANSION))
            else:
                parts += [
                    SqueezeAxialBlock(
                        width,
                        heads=numbers.heads,
                        key_channels=_KEYS[i - 3],
                        hidden=_MLP[i - 3] * width,
                        drop_path=float(drop),
                    )
                    for drop in np.linspace(0.0, drop_path, numbers.depth)
                ]
            stages.append(nn.Sequential(*parts))
        self.fine = nn.Sequential(*stem, *stages[:2])  # to stride 8, which both paths share
        self.context = nn.Sequential(*stages[2:4])  # to stride 32
        self.deep = stages[4]  # to stride 64

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Encode; see the class for shapes."""
        fine = self.fine(x)
        context = self.context(fine)
        return fine, context, self.deep(context)
