"""Transformers over the pixels of a feature map: what each learns from all others."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.models.utils import nchw_to_nlc, nlc_to_nchw
from timm.layers import Mlp
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from fusionls.registry import MODELS


@MODELS.register_module()
class TokenTransformer(BaseModule):
    """A vision transformer whose tokens are the pixels of a feature map.

    Source: Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", eq. 1 to 4, the hybrid of
    sec. 3.1, without the class token. The blocks are timm's.

    Args:
        in_channels: Channels it reads.
        channels: Channels of a token.
        depth: Number of blocks.
        heads: Heads of attention.
        grid: Side of the map of learned positions, which is interpolated to the size at hand.

    Shapes:
        - input: (N, in_channels, h, w)
        - output: (N, channels, h, w)
    """

    def __init__(
        self, *, in_channels: int, channels: int, depth: int, heads: int, grid: int = 14
    ) -> None:
        super().__init__()
        self.embed = nn.Conv2d(in_channels, channels, 1)
        self.position = nn.Parameter(torch.empty(1, channels, grid, grid))
        nn.init.trunc_normal_(self.position, std=0.02)
        self.blocks = nn.Sequential(
            *(Block(channels, heads, qkv_bias=True) for _ in range(depth)),
            nn.LayerNorm(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Attend from every pixel to all; see the class for shapes."""
        x = self.embed(x)
        size = tuple(x.shape[2:])
        position = F.interpolate(self.position, size=size, mode='bicubic', align_corners=False)
        found: Tensor = nlc_to_nchw(self.blocks(nchw_to_nlc(x + position)), size)
        return found


class EfficientAttention(nn.Module):
    """Attention of every pixel to a map ``reduction`` times as coarse, heads mixed.

    Source: Zhang and Yang 2021, "ResT", sec. 3.2, eq. 2 and 3: keys and values come from a
    depthwise convolution of stride ``reduction`` and a layer norm, and with A = Q K^T / sqrt(d)::

        y = IN(softmax(Conv(A))) V

    Conv is 1 x 1 across heads and IN an instance norm of each head's weights.

    Args:
        channels: Channels it reads and makes.
        heads: Number of heads; it divides ``channels``.
        reduction: See above.
    """

    def __init__(self, channels: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(channels, channels)
        self.reduce = nn.Conv2d(
            channels, channels, reduction + 1, reduction, reduction // 2, groups=channels
        )
        self.norm = nn.LayerNorm(channels)
        self.key_value = nn.Linear(channels, 2 * channels)
        self.mix = nn.Conv2d(heads, heads, 1)
        self.normed = nn.InstanceNorm2d(heads)
        self.end = nn.Linear(channels, channels)

    def forward(self, tokens: Tensor, size: tuple[int, int]) -> Tensor:
        """Attend; tokens (N, h w, C) of a map of size (h, w)."""
        coarse = self.norm(nchw_to_nlc(self.reduce(nlc_to_nchw(tokens, size))))
        query = self._by_head(self.query(tokens))  # (N, heads, h w, d)
        key, value = (self._by_head(part) for part in self.key_value(coarse).chunk(2, -1))
        scores = self.mix(query @ key.transpose(2, 3) * query.shape[-1] ** -0.5)
        found = self.normed(scores.softmax(-1)) @ value
        out: Tensor = self.end(found.transpose(1, 2).flatten(2))
        return out

    def _by_head(self, x: Tensor) -> Tensor:
        """(N, heads, L, d) of (N, L, C)."""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class _EfficientLayer(nn.Module):
    """Attention, then a feed-forward part, each added to what it reads normed."""

    def __init__(self, channels: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(2))
        self.attention = EfficientAttention(channels, heads, reduction)
        self.forward_part = Mlp(channels, 4 * channels)

    def forward(self, tokens: Tensor, size: tuple[int, int]) -> Tensor:
        """Attend and transform (N, h w, C)."""
        tokens = tokens + self.attention(self.norms[0](tokens), size)
        out: Tensor = tokens + self.forward_part(self.norms[1](tokens))
        return out


@MODELS.register_module()
class EfficientTransformer(BaseModule):
    """Transformer layers with :class:`EfficientAttention`, over the pixels of a map.

    Source: Zhang and Yang 2021, "ResT", fig. 2 and eq. 4, 5. Where a pixel lies is not told here.

    Args:
        channels: Channels it reads and makes.
        depth: Number of layers.
        heads: Heads of attention.
        reduction: How much coarser keys and values are.

    Shapes:
        - input: (N, channels, h, w)
        - output: the same
    """

    def __init__(self, *, channels: int, depth: int, heads: int, reduction: int = 2) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            _EfficientLayer(channels, heads, reduction) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Attend from every pixel to a coarser map; see the class for shapes."""
        size = (x.shape[2], x.shape[3])
        tokens = nchw_to_nlc(x)
        for layer in self.layers:
            tokens = layer(tokens, size)
        found: Tensor = nlc_to_nchw(self.norm(tokens), size)
        return found
