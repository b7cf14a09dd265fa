"""A pyramid that is read down and up again, each meeting weighted by what it learns to trust.

Source: Tan et al. 2020, "EfficientDet", sec. 3.2 (BiFPN: fig. 2 d, nodes with one input left out,
an edge from the input to the output of a level) and 3.3 (fast normalised fusion)::

    O = sum_i w_i I_i / (eps + sum_j w_j),  w_i = relu(v_i)

Differs: levels are those the encoder yields (EfficientDet makes two coarser ones by pooling), and
the depthwise part of a convolution has a batch norm of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.blocks.spatial_convolution import NORM, Spatial, spatial_convolution
from fusionls.registry import MODELS

LEAST_WEIGHT = 1e-4
"""eps of fast normalised fusion (EfficientDet, sec. 3.3)."""


class WeightedSum(nn.Module):
    """Fast normalised fusion of feature maps of one shape (N, C, H, W).

    Args:
        inputs: How many there are; all weigh the same at first.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.ones(inputs))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Weigh and add."""
        weights = self.weights.relu()
        shares = weights / (LEAST_WEIGHT + weights.sum())
        return torch.stack([share * x for share, x in zip(shares, features, strict=True)]).sum(0)


class _Node(nn.Module):
    """A weighted meeting, then activation and a separable 3 x 3 convolution."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.sum = WeightedSum(inputs)
        self.convolution = spatial_convolution(channels, channels, kind=Spatial.SEPARABLE, act=None)

    def forward(self, *features: Tensor) -> Tensor:
        mixed: Tensor = self.convolution(F.silu(self.sum(features)))
        return mixed


class _Round(nn.Module):
    """Once down and once up."""

    def __init__(self, levels: int, channels: int) -> None:
        super().__init__()
        self.down = ModuleList(_Node(2, channels) for _ in range(levels - 1))  # fine to coarse
        # the coarsest has no node on the way down, so no second input of its own
        self.up = ModuleList(_Node(2 + (i < levels - 2), channels) for i in range(levels - 1))

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        middle = list(levels)
        for i in reversed(range(len(self.down))):
            wide = F.interpolate(middle[i + 1], scale_factor=2.0)
            middle[i] = self.down[i](levels[i], wide)
        out = [middle[0]]
        for i, node in enumerate(self.up, start=1):
            narrow = F.max_pool2d(out[-1], 3, 2, 1)
            inner = [middle[i]] if i < len(self.up) else []
            out.append(node(levels[i], *inner, narrow))
        return out


@MODELS.register_module()
class BiFPN(BaseModule):
    """BiFPN over the levels of an encoder.

    Args:
        in_channels: Channels per level read, fine to coarse.
        channels: Of every level yielded.
        rounds: How often it is read down and up.

    Raises:
        InputError: There are fewer than two levels, or no round.

    Shapes:
        - input: (N, C_l, H / s_l, W / s_l) per level, each level half the size of the one before
        - output: the same with ``channels`` channels

    Example:
        >>> neck = BiFPN(in_channels=[8, 16], channels=4)
        >>> [tuple(f.shape[1:]) for f in neck([torch.zeros(1, 8, 8, 8), torch.zeros(1, 16, 4, 4)])]
        [(4, 8, 8), (4, 4, 4)]
    """

    def __init__(self, *, in_channels: Sequence[int], channels: int, rounds: int = 1) -> None:
        super().__init__()
        if len(in_channels) < 2 or rounds < 1:
            raise InputError(
                f'got {len(in_channels)} levels and {rounds} rounds; expected two levels and one '
                'round at least'
            )
        self.laterals = ModuleList(
            ConvModule(inputs, channels, 1, bias=False, norm_cfg=NORM, act_cfg=None)
            for inputs in in_channels
        )
        self.rounds = ModuleList(_Round(len(in_channels), channels) for _ in range(rounds))

    def forward(self, levels: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Mix the levels, fine to coarse."""
        mixed = [lateral(x) for lateral, x in zip(self.laterals, levels, strict=True)]
        for each in self.rounds:
            mixed = each(mixed)
        return tuple(mixed)
