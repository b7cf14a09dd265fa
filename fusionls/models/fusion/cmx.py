"""Cross-modal rectification and fusion by exchanged contexts (CMX).

Source: Zhang et al. 2023, "CMX: Cross-Modal Fusion for RGB-X Semantic Segmentation with
Transformers": feature rectification (FRM, eq. 1 to 6) and feature fusion (FFM, eq. 7 to 10).

Rectification: channel weights from the mean and the largest value over the map, weights per pixel
from the pixel; each modality takes from the others what their weights say::

    [wC_1, ..., wC_M] = sigmoid(MLP([mean f_1, max f_1, ...]))          C channels each
    [wS_1, ..., wS_M] = sigmoid(W2 ReLU(W1 [f_1, ..., f_M]))            one per pixel each
    r_m = f_m + 1 / (M - 1) sum_{k != m} (lC wC_k + lS wS_k) * f_k

Fusion: each modality queries the mean context of the others, then all are mixed::

    [y_m, u_m] = ReLU(A_m r_m);  [K_m, V_m] = B_m u_m
    G_m = softmax(K_m^T V_m / sqrt(d))                                  d x d per head
    v_m = u_m mean_{k != m} G_k;  o_m = LN(r_m + E_m [y_m, v_m])
    y   = LN(R o + LN(W3 ReLU(dw(W2 o)))),  o = [o_1, ..., o_M]

Differs: any number of modalities (with two it is the paper's); weights, means, contexts and sums
over valid pixels only, with contexts scaled to the whole map, so that a hole does not flatten
them; layer norm over the channels of a pixel where the paper has batch norm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleDict
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.models.fusion.base import BaseExchange, BaseFusion, InterleavedFusion
from fusionls.models.fusion.masked import (
    Projections,
    added,
    coverage,
    masked_max,
    masked_mean,
    mean_over,
)
from fusionls.registry import MODELS


def head_count(channels: int, head_channels: int) -> int:
    """Most attention heads of about ``head_channels`` that ``channels`` can be split into."""
    return most_heads(channels, max(1, channels // head_channels))


def most_heads(channels: int, at_most: int) -> int:
    """Most attention heads that ``channels`` can be split into, ``at_most`` or fewer."""
    return next(heads for heads in range(at_most, 0, -1) if channels % heads == 0)


class Rectification(BaseExchange):
    """FRM of the module text: every modality corrected by the others, not yet fused.

    Args:
        branches: The modalities, all ``channels`` wide.
        channels: Their channels.
        channel_share: lC.
        pixel_share: lS.
    """

    def __init__(
        self,
        *,
        branches: Mapping[str, int],
        channels: int,
        channel_share: float = 0.5,
        pixel_share: float = 0.5,
    ) -> None:
        super().__init__(branches=branches, channels=channels)
        self.channel_share = channel_share
        self.pixel_share = pixel_share
        count = len(branches)
        self.by_channel = nn.Sequential(
            nn.Conv2d(2 * count * channels, 2 * count * channels, 1),
            nn.ReLU(),
            nn.Conv2d(2 * count * channels, count * channels, 1),
            nn.Sigmoid(),
        )
        self.by_pixel = nn.Sequential(
            nn.Conv2d(count * channels, channels, 1),
            nn.ReLU(),
            nn.Conv2d(channels, count, 1),
            nn.Sigmoid(),
        )

    def forward(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Correct each modality by the others; see the class."""
        widths = dict.fromkeys(self.names, self.channels)
        means = {name: masked_mean(f, shares[name]) for name, f in features.items()}
        tops = {name: masked_max(f, shares[name]) for name, f in features.items()}
        pooled = torch.cat(
            [self.side_by_side(means, widths), self.side_by_side(tops, widths)], 1
        )  # (N, 2 M C, 1, 1)
        channel_weights = self.by_channel(pooled).split(self.channels, 1)
        pixel_weights = self.by_pixel(self.side_by_side(features, widths)).split(1, 1)
        offered = {
            name: (self.channel_share * by_channel + self.pixel_share * by_pixel)
            * (shares[name] * features[name])
            for name, by_channel, by_pixel in zip(
                self.names, channel_weights, pixel_weights, strict=True
            )
            if name in features
        }  # (N, C, h, w)
        rectified = {}
        for name, own in features.items():
            others = [f for other, f in offered.items() if other != name]
            taken = added(others) / (len(self.names) - 1) if others else torch.zeros_like(own)
            # in mixed precision the sum is as precise as a weight, whether or not others are there
            rectified[name] = (own + taken.to(own.dtype)).masked_fill(shares[name] == 0, 0.0)
        return rectified


class _ContextExchange(BaseModule):
    """One modality's side of the cross attention of FFM: what it offers and how it asks."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.split = nn.Conv2d(channels, 2 * channels, 1)
        self.key_value = nn.Conv2d(channels, 2 * channels, 1, bias=False)
        self.end = nn.Conv2d(2 * channels, channels, 1)
        self.norm = LayerNorm2d(channels)

    def halves(self, feature: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        """Both halves y and u of the module text, (N, C, h, w) each, u zero where closed."""
        kept, asking = F.relu(self.split(feature)).chunk(2, 1)
        return kept, asking.masked_fill(share == 0, 0.0)

    def context(self, asking: Tensor, share: Tensor) -> Tensor:
        """G of the module text, (N, heads, d, d)."""
        key, value = self.key_value(asking).chunk(2, 1)
        # in single precision: sums over a whole map leave the range of half precision
        with torch.autocast(asking.device.type, enabled=False):
            key, value = self._by_head(key.float()), self._by_head(value.float())
            share = share.float()
            whole = share / coverage(share).clamp_min(1e-6)  # (N, 1, h, w), of mean one
            key = key * (whole.flatten(2)[:, :, None] * key.shape[2] ** -0.5)
            product = key @ value.transpose(2, 3)
            return product.softmax(2)

    def answer(self, feature: Tensor, kept: Tensor, asking: Tensor, context: Tensor) -> Tensor:
        """What o is in the module text, (N, C, h, w), given the mean context of the others."""
        told = context.transpose(2, 3).to(asking.dtype) @ self._by_head(asking)
        told = told.reshape(asking.shape)
        return self.norm(feature + self.end(torch.cat([kept, told], 1)))

    def _by_head(self, x: Tensor) -> Tensor:
        """(N, heads, d, h w) of (N, C, h, w)."""
        return x.reshape(len(x), self.heads, -1, x.shape[2] * x.shape[3])


class ContextFusion(BaseFusion):
    """FFM of the module text: contexts exchanged, then all modalities mixed into one map.

    Args:
        branches: The modalities, all ``channels`` wide.
        channels: Their channels.
        head_channels: Channels of an attention head.

    Shapes: as :class:`BaseFusion`, features zero where closed.
    """

    def __init__(
        self, *, branches: Mapping[str, int], channels: int, head_channels: int = 64
    ) -> None:
        super().__init__(branches=branches, channels=channels)
        heads = head_count(channels, head_channels)
        self.exchange = ModuleDict({name: _ContextExchange(channels, heads) for name in branches})
        width = len(branches) * channels
        self.residual = nn.Conv2d(width, channels, 1, bias=False)
        self.embed = nn.Sequential(
            nn.Conv2d(width, channels, 1),
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 1),
            LayerNorm2d(channels),
        )
        self.norm = LayerNorm2d(channels)

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Exchange contexts and mix; see the class."""
        halves = {name: self.exchange[name].halves(f, shares[name]) for name, f in features.items()}
        contexts = {
            name: self.exchange[name].context(asking, shares[name])
            for name, (_, asking) in halves.items()
        }
        covered = {name: coverage(shares[name]) for name in features}
        told = {}
        for name, own in features.items():
            kept, asking = halves[name]
            others = [other for other in features if other != name]
            context = _mean_context(contexts, covered, others, like=contexts[name])
            answer = self.exchange[name].answer(own, kept, asking, context)
            told[name] = answer * shares[name]
        mixed = self.side_by_side(told, dict.fromkeys(self.names, self.channels))
        return self.closed(self.norm(self.residual(mixed) + self.embed(mixed)), shares)


def _mean_context(
    contexts: Mapping[str, Tensor],
    covered: Mapping[str, Tensor],
    names: Sequence[str],
    *,
    like: Tensor,
) -> Tensor:
    if not names:
        return torch.zeros_like(like)
    return mean_over({name: contexts[name] for name in names}, covered)


@MODELS.register_module()
class CmxFusion(InterleavedFusion):
    """Rectification, then fusion by exchanged contexts; see the module.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        head_channels: Channels of an attention head.

    Example:
        >>> fusion = CmxFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'optical': torch.ones(1, 64, 8, 8)}, {'optical': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(
        self, *, branches: Mapping[str, int], channels: int, head_channels: int = 64
    ) -> None:
        super().__init__(branches=branches, channels=channels)
        self.project = Projections(branches, channels)
        equal = dict.fromkeys(branches, channels)
        # alone, a modality has none to be rectified by
        self.rectification = (
            Rectification(branches=equal, channels=channels) if len(branches) > 1 else None
        )
        self.fusion = ContextFusion(branches=equal, channels=channels, head_channels=head_channels)

    def exchange(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Rectify and fuse what is there; the rectified go on."""
        given = self.project(self.opened(features, shares))
        if self.rectification is not None:
            given = self.rectification(given, shares)
        return self.fusion(given, shares), given
