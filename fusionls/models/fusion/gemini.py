"""Cross attention between what the modalities say at one and the same place (GeminiFusion).

Source: Jia et al. 2024, "GeminiFusion: Efficient Pixel-wise Multimodal Fusion for Vision
Transformer", sec. 3.3 (per-location attention with layer-adaptive noise and relation score, eq. 4
to 7), and for the result, as in TokenFusion, a mean of modalities with learned weights. With the
multi-head attention MHA_m of modality m over the few keys of one pixel::

    phi_mk = softmax(MLP([f_m, f_k]))                                   over channels
    x_m = f_m + MHA_m(q: f_m, keys:   f_m + n_m, f_m * phi_mk ...,
                              values: f_m + n'_m, f_k ...)              k over the other modalities
    y   = LN(sum_m exp(b_m) s_m x_m / sum_m exp(b_m) s_m)

Differs: any number of other modalities as keys (the authors gather them in a hub first), a key
weighted by its valid share, so that an invalid one is not there; at the outputs of encoders, where
the authors attend in every transformer block.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import torch
from mmengine.model import BaseModule, ModuleDict
from torch import Tensor, nn

from fusionls.models.fusion.base import BaseExchange, InterleavedFusion
from fusionls.models.fusion.cmx import most_heads
from fusionls.models.fusion.ensemble import Ensemble
from fusionls.models.fusion.masked import Projections, weighted_mean
from fusionls.registry import MODELS


class PlaceAttention(BaseModule):
    """MHA of the module text: one query per pixel over a list of keys and values there.

    Args:
        channels: Of queries, keys and values.
        heads: Number of heads.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Conv2d(channels, channels, 1)
        self.key = nn.Conv2d(channels, channels, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(
        self, asked: Tensor, keys: list[Tensor], values: list[Tensor], shares: list[Tensor]
    ) -> Tensor:
        """Attend.

        Args:
            asked: (N, C, h, w).
            keys: As ``asked``, one per modality.
            values: As ``keys``.
            shares: (N, 1, h, w) per key: what it counts for; that of the first key is one.

        Returns:
            (N, C, h, w).
        """
        query = self._by_head(self.query(asked))
        counted = [share.flatten(2)[:, :, None] for share in shares]  # (N, 1, 1, h w)
        scores = []  # (N, heads, 1, h w) each
        for key, count in zip(keys, counted, strict=True):
            alike = (query * self._by_head(self.key(key))).sum(2, keepdim=True)
            # closed keys first, so that a score of theirs moves nothing
            scores.append((alike * query.shape[2] ** -0.5).masked_fill(count == 0, -torch.inf))
        top = functools.reduce(torch.maximum, scores).detach()
        weights = [c * torch.exp(s - top) for c, s in zip(counted, scores, strict=True)]
        told = [self._by_head(self.value(value)) for value in values]
        attended: Tensor = self.out(weighted_mean(told, weights).reshape(asked.shape))
        return attended

    def _by_head(self, x: Tensor) -> Tensor:
        """(N, heads, d, h w) of (N, C, h, w)."""
        return x.reshape(len(x), self.heads, -1, x.shape[2] * x.shape[3])


class PlaceExchange(BaseExchange):
    """x of the module text: every modality enriched by the others, pixel by pixel.

    Args:
        branches: The modalities, all ``channels`` wide.
        channels: Their channels.
        heads: Of the attention; the authors' 8 by default, fewer where they do not divide.
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int, heads: int = 8) -> None:
        super().__init__(branches=branches, channels=channels)
        heads = most_heads(channels, heads)
        self.attention = ModuleDict({name: PlaceAttention(channels, heads) for name in branches})
        if len(branches) > 1:
            self.relation = nn.Sequential(
                nn.Conv2d(2 * channels, channels, 1),
                nn.GELU(),
                nn.Conv2d(channels, channels, 1),
                nn.Softmax(1),
            )
        self.key_noise = nn.ParameterDict(
            {name: nn.Parameter(torch.randn(channels, 1, 1)) for name in branches}
        )
        self.value_noise = nn.ParameterDict(
            {name: nn.Parameter(torch.randn(channels, 1, 1)) for name in branches}
        )

    def forward(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Attend to the others; see the class."""
        out = {}
        for name, own in features.items():
            others = [other for other in features if other != name]
            keys, values = [own + self.key_noise[name]], [own + self.value_noise[name]]
            for other in others:
                keys.append(own * self.relation(torch.cat([own, features[other]], 1)))
                values.append(features[other])
            counted = [torch.ones_like(shares[name])] + [shares[other] for other in others]
            enriched = own + self.attention[name](own, keys, values, counted)
            out[name] = enriched.masked_fill(shares[name] == 0, 0.0)
        return out


@MODELS.register_module()
class GeminiFusion(InterleavedFusion):
    """Attention per place, then a learned mean; see the module.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        heads: Of the attention; fewer where they do not divide ``channels``.

    Example:
        >>> fusion = GeminiFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'optical': torch.ones(1, 64, 8, 8)}, {'optical': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int, heads: int = 8) -> None:
        super().__init__(branches=branches, channels=channels)
        self.project = Projections(branches, channels)
        self.attend = PlaceExchange(
            branches=dict.fromkeys(branches, channels), channels=channels, heads=heads
        )
        self.ensemble = Ensemble(branches=dict.fromkeys(branches, channels), channels=channels)

    def exchange(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Attend, then average what is there; the enriched go on."""
        enriched = self.attend(self.project(self.opened(features, shares)), shares)
        return self.ensemble(enriched, shares), enriched
