"""Attention to channels and places, as a block."""

from __future__ import annotations

from typing import Any

from timm.layers.cbam import CbamModule

from fusionls.models.blocks.convolutions import BATCH_NORM, RELU
from fusionls.models.blocks.residual import refuse_change
from fusionls.registry import MODELS


@MODELS.register_module()
class Cbam(CbamModule):
    """timm's convolutional block attention: channels weighed, then places.

    Source: Woo et al. 2018, "CBAM", eq. 1 to 3.

    Args:
        in_channels: Channels it reads.
        channels: Channels it makes: the same.
        ratio: Channels per hidden channel of the channel attention.
        norm_cfg: Not used: it has its own.
        act_cfg: Not used: it has its own.

    Raises:
        InputError: The channels would change.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        channels: int,
        ratio: int = 16,
        norm_cfg: dict[str, Any] = BATCH_NORM,
        act_cfg: dict[str, Any] = RELU,
    ) -> None:
        del norm_cfg, act_cfg
        super().__init__(channels, rd_channels=max(4, channels // ratio))
        refuse_change(self, in_channels, channels)
