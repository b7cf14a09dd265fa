"""A hub that picks the most telling auxiliary modality per token, fused with a primary (CMNeXt).

Source: Zhang et al. 2023, "Delivering Arbitrary-Modal Semantic Segmentation": self-query hub
(sec. 3.2, eq. 1 and 2), parallel pooling mixer (PPX, eq. 3 to 6), then FRM and FFM of CMX
(``cmx.py``) with the primary modality::

    a_m = sigmoid(conv1(dw(f_m)));  h_m = f_m + a_m f_m;  h = max_m h_m       over auxiliaries
    z   = x + x sigmoid(W sum_k pool_k(dw7(x)))   with x = BN(h), k in {1, 3, 7, 11}
    h'  = LN(e(z) z + MLP(BN(z))),  e(z) = sigmoid(conv over channels of mean z)
    y   = FFM(FRM(f_primary, h'))

The last norm, behind all mixers, is of the authors' code; without it the hub would shrink by e(z)
with every mixer.

Differs: the maximum, the means and the pools are over valid pixels only; layer norm over the
channels of a pixel where the paper has batch norm; no mixer is skipped by lot. The authors'
auxiliary modalities have no encoder but patch embeddings: what the hub says flows on with them into
the next stage (``PatchPyramid`` with ``staged``); at the outputs of encoders, the hub sees whatever
these yield.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleDict, ModuleList
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.fusion.base import InterleavedFusion
from fusionls.models.fusion.cmx import CmxFusion
from fusionls.models.fusion.masked import Projections, added, masked_mean
from fusionls.registry import MODELS

POOLS = (3, 7, 11)
"""Sides of the pooled neighbourhoods of PPX, pixels (sec. 4.1 of the paper)."""


class PoolingMixer(BaseModule):
    """PPX of the module text.

    Args:
        channels: Of the features.
        mlp_ratio: Channels inside of the MLP per channel.

    Shapes:
        - input: (N, C, h, w) zero where closed, and share (N, 1, h, w)
        - output: (N, C, h, w) zero where closed
    """

    def __init__(self, channels: int, mlp_ratio: int) -> None:
        super().__init__()
        self.norm = LayerNorm2d(channels)
        self.around = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.mix = nn.Conv2d(channels, channels, 1)
        self.scale = nn.Parameter(torch.full((channels, 1, 1), 1e-2))
        self.by_channel = nn.Conv1d(1, 1, 3, padding=1, bias=False)
        self.mlp_norm = LayerNorm2d(channels)
        inside = channels * mlp_ratio
        self.mlp = nn.Sequential(
            nn.Conv2d(channels, inside, 1),
            nn.Conv2d(inside, inside, 3, padding=1, groups=inside),
            nn.GELU(),
            nn.Conv2d(inside, channels, 1),
        )
        self.mlp_scale = nn.Parameter(torch.full((channels, 1, 1), 1e-2))

    def forward(self, x: Tensor, share: Tensor) -> Tensor:
        """Mix neighbourhoods, then channels; see the class."""
        closed = share == 0
        normed = self.norm(x).masked_fill(closed, 0.0)
        around = self.around(normed)
        pooled = around + added(_pooled(around, share, side) for side in POOLS)
        x = x + self.scale * (torch.sigmoid(self.mix(pooled)) * normed + normed)
        mean = masked_mean(x, share)[:, :, 0].transpose(1, 2)  # (N, 1, C)
        gate = torch.sigmoid(self.by_channel(mean)).transpose(1, 2)[..., None]  # (N, C, 1, 1)
        inner = self.mlp_norm(x).masked_fill(closed, 0.0)
        return (gate * x + self.mlp_scale * self.mlp(inner)).masked_fill(closed, 0.0)


def _pooled(x: Tensor, share: Tensor, side: int) -> Tensor:
    """Mean of the valid pixels within a square of ``side`` pixels, same size as ``x``."""
    total = F.avg_pool2d(x * share, side, 1, side // 2)
    return total / F.avg_pool2d(share, side, 1, side // 2).clamp_min(1e-6)


@MODELS.register_module()
class HubFusion(InterleavedFusion):
    """One map out of all auxiliary modalities, fused with the primary; see the module.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        primary: The modality that is not auxiliary; by default the first branch. At a level it
            does not reach, the hub is fused alone.
        depth: Number of mixers.
        mlp_ratio: Of the mixers.
        head_channels: See :class:`CmxFusion`.

    Example:
        >>> fusion = HubFusion(branches=dict(optical=64, terrain=32, insar=8), channels=48)
        >>> fusion({'terrain': torch.ones(1, 32, 8, 8)}, {'terrain': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(
        self,
        *,
        branches: Mapping[str, int],
        channels: int,
        primary: str | None = None,
        depth: int = 1,
        mlp_ratio: int = 4,
        head_channels: int = 64,
    ) -> None:
        super().__init__(branches=branches, channels=channels)
        self.primary = self.names[0] if primary is None else primary
        self.auxiliaries = [name for name in branches if name != self.primary]
        self.project = Projections(branches, channels)
        self.hub = (
            SelfQueryHub(self.auxiliaries, channels, depth=depth, mlp_ratio=mlp_ratio)
            if self.auxiliaries
            else None
        )
        streams = ['primary'] * (self.primary in branches) + ['hub'] * (self.hub is not None)
        self.pair = CmxFusion(
            branches=dict.fromkeys(streams, channels),
            channels=channels,
            head_channels=head_channels,
        )

    def exchange(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Gather the auxiliaries in the hub, fuse with the primary; all go on rectified."""
        given = self.project(self.opened(features, shares))
        streams, stream_shares = {}, {}
        if self.primary in given:
            streams['primary'] = given.pop(self.primary)
            stream_shares['primary'] = shares[self.primary]
        scored: dict[str, Tensor] = {}
        if given and self.hub is not None:
            scored = self.hub.scored(given)
            streams['hub'], stream_shares['hub'] = self.hub(scored, shares)
        fused, rectified = self.pair.exchange(streams, stream_shares)
        alone = len(self.auxiliaries) == 1
        going = {n: rectified['hub'] if alone else f + rectified['hub'] for n, f in scored.items()}
        if 'primary' in rectified:
            going[self.primary] = rectified['primary']
        return fused, going


class SelfQueryHub(BaseModule):
    """The auxiliary modalities as one; see the module.

    Args:
        names: The auxiliary modalities.
        channels: Of all of them.
        depth: Number of mixers.
        mlp_ratio: Of the mixers.

    Raises:
        InputError: There is no auxiliary modality.
    """

    def __init__(self, names: list[str], channels: int, *, depth: int, mlp_ratio: int) -> None:
        super().__init__()
        if not names:
            raise InputError('a hub needs at least one auxiliary modality')
        # alone, a modality has none to be weighed against
        self.score = ModuleDict(
            {
                name: nn.Sequential(
                    nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
                    nn.Conv2d(channels, 1, 1),
                    nn.Sigmoid(),
                )
                for name in names
                if len(names) > 1
            }
        )
        self.mixers = ModuleList([PoolingMixer(channels, mlp_ratio) for _ in range(depth)])
        self.norm = LayerNorm2d(channels)

    def scored(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Features h of the module text, (N, C, h, w) per modality; zero where they were."""
        return {
            name: f * (1 + self.score[name](f)) if name in self.score else f
            for name, f in features.items()
        }

    def forward(
        self, scored: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """The hub's features (N, C, h, w), zero where closed, and its share (N, 1, h, w)."""
        told = [f.masked_fill(shares[name] == 0, -torch.inf) for name, f in scored.items()]
        share = functools.reduce(torch.maximum, [shares[name] for name in scored])
        hub = functools.reduce(torch.maximum, told).masked_fill(share == 0, 0.0)
        for mixer in self.mixers:
            hub = mixer(hub, share)
        return self.norm(hub).masked_fill(share == 0, 0.0), share
