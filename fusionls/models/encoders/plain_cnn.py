"""A short chain of convolutions: the small networks that tiles were first classified with.

Source: landslide tiles by a seven-layer CNN, as the review of Remote Sens. 2024, 16, 1787 names
it. No more than the number of layers was at hand.
Assumed: the layout of LeNet-5 (LeCun et al. 1998, fig. 2) with today's pieces: convolutions of 3 x
3, batch norm, ReLU and 2 x 2 maxima, so often halved that a tile of 64 pixels ends as 2 x 2.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from fusionls.registry import MODELS


@MODELS.register_module()
class PlainCnn(BaseModule):
    """Convolution, batch norm, ReLU and a maximum of 2 x 2, as often as there are widths.

    Args:
        widths: Channels after each convolution.

    Shapes:
        - input: (N, 3, H, W)
        - output: tuple of (N, widths[l], H / 2^(l + 1), W / 2^(l + 1))

    Example:
        >>> import torch
        >>> [f.shape[1:] for f in PlainCnn(widths=[8, 16])(torch.zeros(1, 3, 32, 32))]
        [torch.Size([8, 16, 16]), torch.Size([16, 8, 8])]
    """

    def __init__(self, *, widths: Sequence[int]) -> None:
        super().__init__()
        self.steps = ModuleList()
        read = 3
        for width in widths:
            convolution = ConvModule(read, width, 3, padding=1, norm_cfg=dict(type='BN'))
            self.steps.append(nn.Sequential(convolution, nn.MaxPool2d(2)))
            read = width

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Yield the levels, fine to coarse."""
        levels = []
        for step in self.steps:
            x = step(x)
            levels.append(x)
        return tuple(levels)
