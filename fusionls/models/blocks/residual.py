"""Residual units: with the activation first, densely connected, or weighted by a mask."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.blocks.convolutions import BATCH_NORM, RELU
from fusionls.registry import MODELS


def _preactivated(
    read: int, made: int, norm_cfg: dict[str, Any], act_cfg: dict[str, Any], **options: Any
) -> ConvModule:
    """Norm, activation, 3 x 3 convolution."""
    order = ('norm', 'act', 'conv')
    options |= dict(padding=1, norm_cfg=norm_cfg, act_cfg=act_cfg, order=order)
    return ConvModule(read, made, 3, **options)


@MODELS.register_module()
class ResidualUnit(nn.Module):
    """y = S x + F(x), F two convolutions with norm and activation before each.

    Source: He et al. 2016, "Identity Mappings in Deep Residual Networks", fig. 4e; as the unit
    of the deep residual U-Net, Zhang et al. 2018, fig. 1b. S is the identity, or a 1 x 1
    convolution where channels or size change.

    Args:
        in_channels: Channels it reads.
        channels: Channels it makes.
        stride: Of the first convolution and of S.
        norm_cfg: Norm before both convolutions.
        act_cfg: Activation before both convolutions.

    Shapes:
        - input: (N, in_channels, h, w)
        - output: (N, channels, h / stride, w / stride), rounded up
    """

    def __init__(
        self,
        *,
        in_channels: int,
        channels: int,
        stride: int = 1,
        norm_cfg: dict[str, Any] = BATCH_NORM,
        act_cfg: dict[str, Any] = RELU,
    ) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _preactivated(in_channels, channels, norm_cfg, act_cfg, stride=stride),
            _preactivated(channels, channels, norm_cfg, act_cfg),
        )
        same = in_channels == channels and stride == 1
        self.shortcut: nn.Module = (
            nn.Identity() if same else nn.Conv2d(in_channels, channels, 1, stride, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add the residual; see the class for shapes."""
        found: Tensor = self.shortcut(x) + self.body(x)
        return found


@MODELS.register_module()
class ResidualStem(nn.Module):
    """y = W x + F(W x), the first unit of a residual network, which reads the picture.

    Source: Zhang et al. 2018, fig. 2, first unit: convolution, norm, activation, convolution.
    Differs: the shortcut starts behind the first convolution, so that one convolution alone
    reads the picture and is adapted to the layers (``models.encoders.channels``).

    Args and shapes: as :class:`ResidualUnit`, without stride.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        channels: int,
        norm_cfg: dict[str, Any] = BATCH_NORM,
        act_cfg: dict[str, Any] = RELU,
    ) -> None:
        super().__init__()
        self.entry = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.body = _preactivated(channels, channels, norm_cfg, act_cfg)

    def forward(self, x: Tensor) -> Tensor:
        """Read the picture; see the class."""
        x = self.entry(x)
        found: Tensor = x + self.body(x)
        return found


@MODELS.register_module()
class ResidualDense(nn.Module):
    """y = x + W [x, f_1, ..., f_n], each f_i a convolution of all that stands before it.

    Source: Zhang et al. 2018, "Residual Dense Network for Image Super-Resolution", eq. 5 to 7,
    with a norm.

    Args:
        in_channels: Channels it reads.
        channels: Channels it makes: the same.
        depth: n.
        growth: Share of ``channels`` that each f_i has.
        norm_cfg: Norm of the convolutions.
        act_cfg: Their activation.

    Raises:
        InputError: The channels would change.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        channels: int,
        depth: int = 3,
        growth: float = 0.5,
        norm_cfg: dict[str, Any] = BATCH_NORM,
        act_cfg: dict[str, Any] = RELU,
    ) -> None:
        super().__init__()
        refuse_change(self, in_channels, channels)
        grown = max(1, round(growth * channels))
        self.convolutions = nn.ModuleList(
            ConvModule(
                channels + i * grown, grown, 3, padding=1, norm_cfg=norm_cfg, act_cfg=act_cfg
            )
            for i in range(depth)
        )
        self.join = nn.Conv2d(channels + depth * grown, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Add what the dense convolutions found."""
        seen = x
        for convolution in self.convolutions:
            seen = torch.cat([seen, convolution(seen)], 1)
        found: Tensor = x + self.join(seen)
        return found


@MODELS.register_module()
class ResidualAttention(nn.Module):
    """y = (1 + M(x)) T(x), with a trunk T and a mask M in 0 to 1 that looks at a coarser map.

    Source: Wang et al. 2017, "Residual Attention Network for Image Classification", eq. 3 and
    fig. 3.
    Differs: one residual unit in the trunk and one in the mask, halved once; the paper has more
    of both.

    Args:
        in_channels: Channels it reads.
        channels: Channels it makes: the same.
        norm_cfg: Norm of the units.
        act_cfg: Their activation.

    Raises:
        InputError: The channels would change.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        channels: int,
        norm_cfg: dict[str, Any] = BATCH_NORM,
        act_cfg: dict[str, Any] = RELU,
    ) -> None:
        super().__init__()
        refuse_change(self, in_channels, channels)
        self.trunk, self.around = (
            ResidualUnit(
                in_channels=channels, channels=channels, norm_cfg=norm_cfg, act_cfg=act_cfg
            )
            for _ in range(2)
        )
        self.mask = nn.Sequential(
            nn.Conv2d(channels, channels, 1), nn.ReLU(), nn.Conv2d(channels, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Weigh the trunk."""
        coarse = self.around(F.max_pool2d(x, 2, ceil_mode=True))
        wide = F.interpolate(coarse, size=x.shape[2:], mode='bilinear', align_corners=False)
        found: Tensor = (1 + self.mask(wide).sigmoid()) * self.trunk(x)
        return found


def refuse_change(block: nn.Module, in_channels: int, channels: int) -> None:
    """Raise InputError where a block that keeps its channels is to change them."""
    if in_channels != channels:
        raise InputError(
            f'{type(block).__name__} keeps its channels, but was to make {channels} of '
            f'{in_channels}; put a block before it that changes them'
        )
