"""An encoder with a block on top of its coarsest level, such as a transformer."""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseModule
from torch import Tensor

from fusionls.registry import MODELS


@MODELS.register_module()
class ToppedEncoder(BaseModule):
    """The levels of an encoder, the coarsest as a block makes it.

    Args:
        encoder: Config of any registered backbone.
        top: Config of a block (see ``models.blocks``) that reads its coarsest level.

    Shapes:
        - input: (N, 3, H, W)
        - output: tuple of (N, C_l, H / s_l, W / s_l), fine to coarse

    Example:
        >>> import torch
        >>> encoder = ToppedEncoder(
        ...     encoder=dict(type='UNetEncoder', widths=[4, 8]),
        ...     top=dict(type='ConvPair', in_channels=8, channels=6))
        >>> [f.shape[1] for f in encoder.eval()(torch.zeros(1, 3, 16, 16))]
        [4, 6]
    """

    def __init__(self, *, encoder: dict[str, Any], top: dict[str, Any]) -> None:
        super().__init__()
        self.encoder = MODELS.build(encoder)
        self.top = MODELS.build(top)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Yield the levels, fine to coarse."""
        *levels, coarsest = self.encoder(x)
        return (*levels, self.top(coarsest))
