"""Attention along rows and columns that were squeezed to lines, gating what is fine.

Source: SeaFormer, Wan et al. 2023 (ICLR), squeeze axial attention and detail enhancement, in the
form of the authors' released code, which was looked at for norms and activations.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from timm.layers import ConvNormAct, DropPath
from torch import Tensor, nn

PLACES = 16
"""Places of a learned position embedding; it is stretched to the length of a line."""


class LinePosition(nn.Module):
    """x + e, with a learned e of :data:`PLACES` places stretched to the length of the line.

    Shapes: (N, C, L) to the same.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(1, channels, PLACES))

    def forward(self, x: Tensor) -> Tensor:
        """Add the position."""
        return x + F.interpolate(self.embedding, x.shape[2], mode='linear', align_corners=False)


class LineAttention(nn.Module):
    """Attention along one side of a map that was averaged along the other.

    Args:
        heads: Number of heads.
        key_channels: Channels of query and key, per head.
        value_channels: Channels of values, per head.
        across: Whether the line lies across the map, a place per column. It decides how the line
            is laid out for its norm, which may go by the valid pixels of the map.

    Shapes: queries and keys (N, heads * key_channels, L), values (N, heads * value_channels, L)
    to (N, heads * value_channels, L).
    """

    def __init__(
        self, heads: int, key_channels: int, value_channels: int, *, across: bool = False
    ) -> None:
        super().__init__()
        self.heads = heads
        self.side = 2 if across else 3  # that of length 1
        self.query_position = LinePosition(heads * key_channels)
        self.key_position = LinePosition(heads * key_channels)
        width = heads * value_channels
        self.out = nn.Sequential(nn.ReLU6(), ConvNormAct(width, width, 1, apply_act=False))

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Attend."""
        parts = (self.query_position(query), self.key_position(key), value)
        q, k, v = (x.unflatten(1, (self.heads, -1)).transpose(2, 3) for x in parts)
        heard = F.scaled_dot_product_attention(q, k, v)  # (N, heads, L, value_channels)
        folded = heard.transpose(2, 3).flatten(1, 2)
        out: Tensor = self.out(folded.unsqueeze(self.side)).squeeze(self.side)
        return out


class SqueezeAxialAttention(nn.Module):
    """y = h(W ReLU6(v + R(q, k, v) + C(q, k, v))) * D [q, k, v].

    q, k, v are 1 x 1 convolutions of the map; R is attention over its rows, each the mean of its
    pixels, C over its columns; h is the hard sigmoid and D a depthwise and a pointwise
    convolution, the detail that the squeezed lines have lost.

    Args:
        channels: In and out.
        heads: Number of heads.
        key_channels: Channels of query and key, per head.
        value_ratio: Channels of values per channel of keys.

    Shapes: (N, C, h, w) to the same.
    """

    def __init__(
        self, channels: int, *, heads: int, key_channels: int, value_ratio: int = 2
    ) -> None:
        super().__init__()
        keys, values = heads * key_channels, heads * key_channels * value_ratio
        self.query = ConvNormAct(channels, keys, 1, apply_act=False)
        self.key = ConvNormAct(channels, keys, 1, apply_act=False)
        self.value = ConvNormAct(channels, values, 1, apply_act=False)
        self.rows = LineAttention(heads, key_channels, key_channels * value_ratio)
        self.columns = LineAttention(heads, key_channels, key_channels * value_ratio, across=True)
        self.gate = nn.Sequential(
            nn.ReLU6(), ConvNormAct(values, channels, 1, apply_act=False), nn.Hardsigmoid()
        )
        width = 2 * keys + values
        self.detail = nn.Sequential(
            ConvNormAct(width, width, 3, groups=width, act_layer=nn.ReLU6),
            ConvNormAct(width, channels, 1, apply_act=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Attend along both sides, and gate the detail by it."""
        q, k, v = self.query(x), self.key(x), self.value(x)
        rows = self.rows(q.mean(3), k.mean(3), v.mean(3))  # (N, C_v, h)
        columns = self.columns(q.mean(2), k.mean(2), v.mean(2))  # (N, C_v, w)
        gate: Tensor = self.gate(v + rows[..., None] + columns[:, :, None])
        return gate * self.detail(torch.cat([q, k, v], 1))


class SqueezeAxialBlock(nn.Module):
    """Attention and a feed-forward network with a depthwise convolution, both residual.

    Args:
        channels: In and out.
        hidden: Channels inside of the feed-forward network.
        drop_path: Probability that a sample skips a part in training.
        **attention: ``heads`` and ``key_channels`` of :class:`SqueezeAxialAttention`.

    Shapes: (N, C, h, w) to the same.
    """

    def __init__(
        self, channels: int, *, hidden: int, drop_path: float = 0.0, **attention: int
    ) -> None:
        super().__init__()
        self.attention = SqueezeAxialAttention(channels, **attention)
        self.feed_forward = nn.Sequential(
            ConvNormAct(channels, hidden, 1, apply_act=False),
            nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden),
            nn.ReLU6(),
            ConvNormAct(hidden, channels, 1, apply_act=False),
        )
        self.drop = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Attend, then mix channels."""
        x = x + self.drop(self.attention(x))
        out: Tensor = x + self.drop(self.feed_forward(x))
        return out
