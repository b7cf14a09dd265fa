"""A block of a decoder that balances fine against semantic features before it mixes them.

Source: FFS-Net, Liu et al. 2023 (IEEE TGRS 61), of which the abstract was at hand: "a multiscale
channel attention module is purposely designed to balance the low-level fine information and
high-level semantic features", with dropout and batch norm in the decoder.
Differs: the attention is taken to be MS-CAM as Dai et al. 2021 (WACV) fuse with it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.blocks.convolutions import BATCH_NORM, RELU, ConvPair
from fusionls.models.blocks.multi_scale_attention import MultiScaleAttention
from fusionls.registry import MODELS


@MODELS.register_module()
class BalancedPair(nn.Module):
    """y = K (M f + (1 - M) u) with M = sigmoid(MS-CAM(f + u)).

    u, what rises from below, and f, the skip, are the two halves of the input, as a way up that
    makes as many channels as the skip has lays them beside each other. K is a ``ConvPair``.

    Args:
        in_channels: Channels of both halves together.
        channels: Channels it makes.
        dropout: Probability that a channel is dropped before K.
        norm_cfg: Norm of both convolutions.
        act_cfg: Activation of both convolutions.

    Raises:
        InputError: The channels have no halves.

    Shapes:
        - input: (N, in_channels, h, w)
        - output: (N, channels, h, w)
    """

    def __init__(
        self,
        *,
        in_channels: int,
        channels: int,
        dropout: float = 0.1,
        norm_cfg: dict[str, Any] = BATCH_NORM,
        act_cfg: dict[str, Any] = RELU,
    ) -> None:
        super().__init__()
        if in_channels % 2:
            raise InputError(
                f'BalancedPair reads two halves, got {in_channels} channels; use a way up that '
                'makes the channels of the skip, such as TransposedUpsampling'
            )
        half = in_channels // 2
        self.score = MultiScaleAttention(half)
        self.drop = nn.Dropout2d(dropout)
        self.mix = ConvPair(in_channels=half, channels=channels, norm_cfg=norm_cfg, act_cfg=act_cfg)

    def forward(self, x: Tensor) -> Tensor:
        """Balance and mix."""
        risen, fine = x.chunk(2, 1)
        both = risen + fine
        share = torch.sigmoid(self.score(both, both.mean((2, 3), keepdim=True)))
        out: Tensor = self.mix(self.drop(share * fine + (1 - share) * risen))
        return out
