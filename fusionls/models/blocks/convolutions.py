"""Plain convolutions, and blocks one after the other.

Every block of this room takes the channels it reads and those it makes, and the norm and the
activation of its convolutions: so encoders and heads build any of them (``models.encoders``'
``UNetEncoder``, ``models.heads``' ``UNetHead``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmcv.cnn import ConvModule
from torch import nn

from fusionls.registry import MODELS

BATCH_NORM: dict[str, Any] = {'type': 'BN'}
RELU: dict[str, Any] = {'type': 'ReLU'}


@MODELS.register_module()
class ConvPair(nn.Sequential):
    """Two 3 x 3 convolutions, each with norm and activation.

    Source: Ronneberger et al. 2015, fig. 1, padded, and with a norm, as is common since.

    Args:
        in_channels: Channels it reads.
        channels: Channels it makes.
        norm_cfg: Norm of both convolutions.
        act_cfg: Activation of both convolutions.

    Shapes:
        - input: (N, in_channels, h, w)
        - output: (N, channels, h, w)
    """

    def __init__(
        self,
        *,
        in_channels: int,
        channels: int,
        norm_cfg: dict[str, Any] = BATCH_NORM,
        act_cfg: dict[str, Any] = RELU,
    ) -> None:
        options = dict(padding=1, norm_cfg=norm_cfg, act_cfg=act_cfg)
        super().__init__(
            ConvModule(in_channels, channels, 3, **options),
            ConvModule(channels, channels, 3, **options),
        )


@MODELS.register_module()
class Chain(nn.Sequential):
    """Blocks one after the other; the first brings the channels to what all others keep.

    Args:
        blocks: Their configs.
        in_channels: Channels the first one reads.
        channels: Channels each of them makes.
        norm_cfg: Norm of their convolutions.
        act_cfg: Activation of their convolutions.

    Shapes: as :class:`ConvPair`.
    """

    def __init__(
        self,
        *,
        blocks: Sequence[Mapping[str, Any]],
        in_channels: int,
        channels: int,
        norm_cfg: dict[str, Any] = BATCH_NORM,
        act_cfg: dict[str, Any] = RELU,
    ) -> None:
        widths = [in_channels, *[channels] * (len(blocks) - 1)]
        shared = dict(channels=channels, norm_cfg=norm_cfg, act_cfg=act_cfg)
        super().__init__(
            *(
                MODELS.build(dict(block, in_channels=width, **shared))
                for block, width in zip(blocks, widths, strict=True)
            )
        )
