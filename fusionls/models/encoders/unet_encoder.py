"""The left half of the U-Net, whatever its blocks are.

Source: Ronneberger et al. 2015, fig. 1, left half; with other blocks those of the deep residual
U-Net (Zhang et al. 2018, fig. 2) and of others.
Differs: maps are padded and keep their size. mmseg has the U-Net with its decoder in one backbone,
whose levels cannot be fused before they are decoded.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.blocks.convolutions import ConvPair
from fusionls.models.encoders.channels import PHOTO_CHANNELS
from fusionls.registry import MODELS


@MODELS.register_module()
class UNetEncoder(BaseModule):
    """One block per level, each level half as large as the one before.

    Args:
        widths: Channels per level, fine to coarse.
        blocks: Config of a block of ``models.blocks`` for all levels, or one per level;
            ``ConvPair`` by default. The first must read the picture by one convolution.
        pooled: Whether maps are halved by the largest of four pixels (rounded down); else by the
            ``stride`` of the block.

    Raises:
        InputError: ``blocks`` are not as many as ``widths``.

    Shapes:
        - input: (N, 3, H, W)
        - output: tuple of (N, widths[l], H / 2^l, W / 2^l)

    Example:
        >>> import torch
        >>> [f.shape[1:] for f in UNetEncoder(widths=[4, 8])(torch.zeros(1, 3, 16, 16))]
        [torch.Size([4, 16, 16]), torch.Size([8, 8, 8])]
    """

    def __init__(
        self,
        *,
        widths: Sequence[int],
        blocks: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        pooled: bool = True,
    ) -> None:
        super().__init__()
        blocks = {'type': ConvPair} if blocks is None else blocks
        configs = [blocks] * len(widths) if isinstance(blocks, Mapping) else list(blocks)
        if len(configs) != len(widths):
            raise InputError(
                f'UNetEncoder: {len(configs)} blocks for {len(widths)} widths; give one for all '
                'or one per level'
            )
        self.steps = ModuleList()
        for config, (read, made) in zip(
            configs, itertools.pairwise([PHOTO_CHANNELS, *widths]), strict=True
        ):
            options: dict[str, Any] = dict(config, in_channels=read, channels=made)
            if self.steps and not pooled:
                options['stride'] = 2
            block = MODELS.build(options)
            self.steps.append(
                nn.Sequential(nn.MaxPool2d(2), block) if self.steps and pooled else block
            )

    def stages(self) -> list[nn.Module]:
        """One block per level; see ``models.encoders.staged``."""
        return list(self.steps)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Yield the levels, fine to coarse."""
        levels = []
        for step in self.steps:
            x = step(x)
            levels.append(x)
        return tuple(levels)
