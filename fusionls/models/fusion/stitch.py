"""Small adapters that carry what one modality says into the others (StitchFusion).

Source: Li et al. 2024, "StitchFusion: Weaving Any Visual Modalities to Enhance Multimodal Semantic
Segmentation", MultiAdapter (sec. 3.2, one adapter per pair of modalities), then their feature
fusion, which is the "feature cross" of the authors' code::

    x_m = f_m + sum_{k != m} s_k U_mk GELU(M_mk D_mk LN(f_k)),   mk = km; C -> 8 -> 8 -> C
    z   = L [s_1 x_1, ..., s_M x_M]
    y   = W3 GELU(LN(W2 (v + dw3(v) + dw5(v) + dw7(v)))) + e(z) z,   v = LN(W1 L1 z)

with channel gates e(z) of squeeze and excitation (two linear layers over the mean of z).

Differs: adapters weighted by the valid share of what they carry, without dropout (what is drawn
would depend on which modalities are there), means over valid pixels, layer norm over the channels
of a pixel where the authors have batch norm; adapters start at random, where theirs start at zero
and carry nothing at first. They put a pair of adapters into every transformer block of one shared
encoder; here each pair of branches has one per level, at the outputs, and
``models.encoders.staged`` puts one between stages.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from mmengine.model import ModuleDict
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.models.fusion.base import BaseExchange, BaseFusion, InterleavedFusion
from fusionls.models.fusion.masked import Projections, added, masked_mean
from fusionls.registry import MODELS


class Adapters(BaseExchange):
    """x of the module text: every modality with what the others carry into it.

    Args:
        branches: The modalities, all ``channels`` wide.
        channels: Their channels.
        inside: Channels of an adapter; the authors' 8 by default.
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int, inside: int = 8) -> None:
        super().__init__(branches=branches, channels=channels)
        self.norm = ModuleDict({name: LayerNorm2d(channels) for name in branches})
        self.adapter = ModuleDict(
            {
                _pair(one, other): nn.Sequential(
                    nn.Conv2d(channels, inside, 1),
                    nn.Conv2d(inside, inside, 1),
                    nn.GELU(),
                    nn.Conv2d(inside, channels, 1),
                )
                for one, other in itertools.combinations(branches, 2)
            }
        )

    def forward(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Carry over; see the class."""
        normed = {name: self.norm[name](f) for name, f in features.items()}
        out = {}
        for name, own in features.items():
            for other in features:
                if other != name:
                    pair = _pair(*sorted((name, other), key=self.names.index))
                    own = own + shares[other] * self.adapter[pair](normed[other])
            out[name] = own.masked_fill(shares[name] == 0, 0.0)
        return out


def _pair(one: str, other: str) -> str:
    return f'{one}+{other}'


class FeatureCross(BaseFusion):
    """y of the module text, given x.

    Args:
        branches: The modalities, all ``channels`` wide.
        channels: Their channels.
        reduction: Channels per channel inside of the channel gates.
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int, reduction: int = 16) -> None:
        super().__init__(branches=branches, channels=channels)
        self.join = nn.Conv2d(len(branches) * channels, channels, 1)
        self.first = nn.Conv2d(channels, channels, 1)
        self.widen = nn.Sequential(nn.Conv2d(channels, channels, 1), LayerNorm2d(channels))
        self.around = nn.ModuleList(
            nn.Conv2d(channels, channels, side, padding=side // 2, groups=channels)
            for side in (3, 5, 7)
        )
        self.narrow = nn.Sequential(
            nn.Conv2d(channels, channels, 1),
            LayerNorm2d(channels),
            nn.GELU(),
            nn.Conv2d(channels, channels, 1),
        )
        hidden = max(1, channels // reduction)
        self.gate = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Join, mix neighbourhoods and gate channels; see the class."""
        widths = dict.fromkeys(self.names, self.channels)
        counted = {name: f * shares[name] for name, f in features.items()}
        joined = self.join(self.side_by_side(counted, widths))
        joined = self.closed(joined, shares)  # the bias is no feature
        v = self.closed(self.widen(self.first(joined)), shares)
        mixed = self.narrow(v + added(around(v) for around in self.around))
        gate = self.gate(masked_mean(joined, self.total_share(shares)))
        return self.closed(mixed + gate * joined, shares)


@MODELS.register_module()
class StitchFusion(InterleavedFusion):
    """Adapters between all modalities, then one map of them; see the module.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        inside: Channels of an adapter.

    Example:
        >>> import torch
        >>> fusion = StitchFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'optical': torch.ones(1, 64, 8, 8)}, {'optical': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int, inside: int = 8) -> None:
        super().__init__(branches=branches, channels=channels)
        equal = dict.fromkeys(branches, channels)
        self.project = Projections(branches, channels)
        self.adapters = Adapters(branches=equal, channels=channels, inside=inside)
        self.cross = FeatureCross(branches=equal, channels=channels)

    def exchange(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Carry over, then join what is there; what was carried into goes on."""
        carried = self.adapters(self.project(self.opened(features, shares)), shares)
        return self.cross(carried, shares), carried
