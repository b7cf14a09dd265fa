"""Channel attention at two scales: of a pixel and of the whole map.

Source: MS-CAM, Dai et al. 2021, "Attentional Feature Fusion" (WACV), sec. 3.1.
Differs: layer norm over the channels of a pixel after the first convolution of each path, where the
paper has batch norm after both, and the mean is given, so that it can be that of the valid pixels:
those without data touch nothing.
"""

from __future__ import annotations

from timm.layers import LayerNorm2d
from torch import Tensor, nn


class MultiScaleAttention(nn.Module):
    """a = L(x) + G(m): the score of every channel at every pixel, before a sigmoid.

    L and G are two 1 x 1 convolutions each, with a bottleneck.

    Args:
        channels: In and out.
        reduction: Channels per channel of the bottleneck.

    Shapes: x (N, C, h, w) and its mean m over the map (N, C, 1, 1) to (N, C, h, w).
    """

    def __init__(self, channels: int, *, reduction: int = 4) -> None:
        super().__init__()
        hidden = max(4, channels // reduction)
        self.local = _bottleneck(channels, hidden)
        self.everywhere = _bottleneck(channels, hidden)

    def forward(self, x: Tensor, mean: Tensor) -> Tensor:
        """Score."""
        local: Tensor = self.local(x)
        return local + self.everywhere(mean)


def _bottleneck(channels: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, hidden, 1),
        LayerNorm2d(hidden),
        nn.ReLU(),
        nn.Conv2d(hidden, channels, 1),
    )
