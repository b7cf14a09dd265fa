"""Fusion by Dempster's rule of what each modality believes, discounted by how reliable it is.

Source: evidence per modality as a Dirichlet, Sensoy et al. 2018 and Han et al. 2021 ("Trusted
Multi-View Classification", eq. 2); the idea of a reliability per modality and hypothesis, Huang et
al. 2022 ("Evidence fusion with contextual discounting for multi-modality medical image
segmentation", after Mercier et al. 2008); combination by Dempster's rule (Shafer 1976,
ch. 3), for beliefs in single hypotheses and the whole frame (Han et al. 2021, eq. 4).

There are K hypotheses that the network gives a meaning, not the classes: the operator works on
features. With p_m = LN(P_m f_m)::

    e_m = softplus(E p_m + c_m);  b_mk = e_mk / (K + sum_j e_mj)         belief, K of them
    b'_mk = s_m r_mk b_mk;  u'_m = 1 - sum_k b'_mk                       discounted; u' is "unknown"
    (b, u) = (b'_1, u'_1) + ... + (b'_M, u'_M)                           Dempster's rule
    w_m = (1 - u'_m) / sum_k (1 - u'_k)
    y = GELU(LN(W sum_m w_m p_m + V (b + u / K)))

The reliabilities r_mk = sigmoid(a_mk) are parameters. A modality that is invalid at a pixel has
the vacuous belief (b' = 0, u' = 1), which is the neutral element of Dempster's rule: the law of
validity is the theory's own.

Differs: beliefs are scaled, and what they lose goes to the whole frame, so that an unreliable
belief in one hypothesis makes the others more plausible; contextual discounting as in Huang et al.
makes the hypothesis itself more plausible and leaves the others. The authors fuse class beliefs of
whole networks; weights w_m stand beside the combined belief, because K hypotheses are too few to
carry C channels.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from mmengine.model import ModuleDict
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.models.fusion.base import BaseFusion
from fusionls.models.fusion.masked import mean_over
from fusionls.registry import MODELS

_FIRST_RELIABILITY = 2.0  # sigmoid of it is 0.88: trusted at first, with room to learn either way


def dempster(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Dempster's rule for beliefs in single hypotheses and what is left to the whole frame.

    Args:
        one: Beliefs (N, K, ...), not negative, and the unknown (N, 1, ...), positive; they sum
            to one over K + 1.
        other: As ``one``.

    Returns:
        The combination, of the same kind. The vacuous belief (zeros, one) changes no bit of the
        other.
    """
    (b, u), (c, v) = one, other
    conflict = b.sum(1, keepdim=True) * c.sum(1, keepdim=True) - (b * c).sum(1, keepdim=True)
    # as one minus the conflict, not as a sum of what agrees, which is one only to the last digit
    agreed = 1.0 - conflict
    return (b * c + b * v + u * c) / agreed, u * v / agreed


@MODELS.register_module()
class EvidentialFusion(BaseFusion):
    """Beliefs of all modalities, discounted and combined; see the module.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        hypotheses: K.

    Example:
        >>> fusion = EvidentialFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'optical': torch.ones(1, 64, 8, 8)}, {'optical': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int, hypotheses: int = 8) -> None:
        super().__init__(branches=branches, channels=channels)
        self.hypotheses = hypotheses
        self.project = ModuleDict(
            {
                name: nn.Sequential(nn.Conv2d(width, channels, 1), LayerNorm2d(channels))
                for name, width in branches.items()
            }
        )
        self.evidence = ModuleDict({name: nn.Conv2d(channels, hypotheses, 1) for name in branches})
        self.trust = nn.ParameterDict(
            {
                name: nn.Parameter(torch.full((hypotheses, 1, 1), _FIRST_RELIABILITY))
                for name in branches
            }
        )
        self.mix = nn.Conv2d(channels, channels, 1, bias=False)
        self.meaning = nn.Conv2d(hypotheses, channels, 1, bias=False)
        self.finish = nn.Sequential(LayerNorm2d(channels), nn.GELU())

    def reliability(self) -> dict[str, float]:
        """Mean over hypotheses of r per modality, in (0, 1)."""
        return {name: float(self.trust[name].detach().sigmoid().mean()) for name in self.names}

    def beliefs(
        self, projected: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """Discounted beliefs (N, K, h, w) and unknown (N, 1, h, w) per present modality."""
        out = {}
        for name, p in projected.items():
            # in single precision: beliefs far below one must not vanish
            evidence = F.softplus(self.evidence[name](p).float())
            belief = evidence / (self.hypotheses + evidence.sum(1, keepdim=True))
            belief = shares[name] * self.trust[name].sigmoid() * belief
            belief = belief.masked_fill(shares[name] == 0, 0.0)
            out[name] = (belief, 1.0 - belief.sum(1, keepdim=True))
        return out

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Combine what is believed; see :class:`BaseFusion`."""
        given = self.opened(features, shares)
        projected = {name: self.project[name](f) for name, f in given.items()}
        beliefs = self.beliefs(projected, shares)
        combined, unknown = functools.reduce(dempster, beliefs.values())
        expected = combined + unknown / self.hypotheses  # (N, K, h, w), sums to one
        known = {name: belief.sum(1, keepdim=True) for name, (belief, _) in beliefs.items()}
        mixed = self.mix(mean_over(projected, known)) + self.meaning(expected)
        return self.closed(self.finish(mixed), shares)
