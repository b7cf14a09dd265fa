"""Tokens that say little are replaced by those of the other modalities (TokenFusion).

Source: Wang et al. 2022, "Multimodal Token Fusion for Vision Transformers", eq. 3 to 5 and, for
the result, their ensemble of modalities with learned weights::

    a_m = softmax(MLP(LN(f_m)))_1                                       score per token
    x_m = a_m f_m                               where a_m >= theta
        = mean_{k != m} a_k f_k                 elsewhere
    y   = LN(sum_m exp(b_m) s_m x_m / sum_m exp(b_m) s_m)

and l mean(a_m) is added to the loss (eq. 3), which drives the scores of idle tokens to zero.

Differs: an invalid token counts for nothing, whatever its score, and stands in for no other; more
than two modalities stand in by their mean, where the paper draws partners by lot; a token that no
valid one can stand in for is kept; the penalty is a mean over tokens (the authors' is 1e-4 times
their sum), so that it does not grow with the tile. The authors score in every transformer block
what its attention adds, so that a token itself is never replaced, only what is added to it; here
whole features are scored, once per level. Their ensemble is shown detached logits, and each
modality has a loss of its own; here the ensemble is what is learned by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.model import ModuleDict
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.fusion.base import BaseExchange, InterleavedFusion
from fusionls.models.fusion.ensemble import Ensemble
from fusionls.models.fusion.masked import Projections, added, mean_over
from fusionls.registry import MODELS


class TokenScore(nn.Sequential):
    """Score (N, 1, h, w) in (0, 1) of features (N, C, h, w), one token at a time."""

    def __init__(self, channels: int) -> None:
        half, quarter = max(1, channels // 2), max(1, channels // 4)
        super().__init__(
            LayerNorm2d(channels),
            nn.Conv2d(channels, channels, 1),
            nn.GELU(),
            nn.Conv2d(channels, half, 1),
            nn.GELU(),
            nn.Conv2d(half, quarter, 1),
            nn.GELU(),
            nn.Conv2d(quarter, 2, 1),
            nn.Softmax(1),
        )

    def forward(self, feature: Tensor) -> Tensor:
        """Score every token."""
        both: Tensor = super().forward(feature)
        return both[:, :1]


class _Penalised(torch.autograd.Function):
    """Scores as they are, with the gradient of a penalty on their sum.

    A backbone has no loss of its own in mmseg, mmdet or mmpretrain; its gradient it can have.
    """

    @staticmethod
    def forward(ctx: Any, score: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return score.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient + ctx.saved_tensors[0].to(gradient.dtype), None


class TokenExchange(BaseExchange):
    """x of the module text: scored tokens, those under the threshold exchanged.

    Args:
        branches: The modalities, all ``channels`` wide.
        channels: Their channels.
        threshold: theta, the authors' 0.02 by default.
        sparsity: l. Its gradient is added in the backward pass, so it is not in the loss that is
            logged, and a scaler of losses does not scale it: float16, which needs one, is refused
            with it.

    Raises:
        InputError: In training, in float16 with a ``sparsity``.
    """

    def __init__(
        self,
        *,
        branches: Mapping[str, int],
        channels: int,
        threshold: float = 0.02,
        sparsity: float = 0.01,
    ) -> None:
        super().__init__(branches=branches, channels=channels)
        self.threshold = threshold
        self.sparsity = sparsity
        self.score = ModuleDict({name: TokenScore(channels) for name in branches})

    def scores(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Scores a, (N, 1, h, w) per present modality; see :class:`BaseExchange`."""
        found = {}
        for name, feature in features.items():
            score = self.score[name](feature)
            if self.training and self.sparsity:
                _refuse_float16(feature.device.type)
                weight = shares[name] * (self.sparsity / shares[name].sum().clamp_min(1.0))
                score = _Penalised.apply(score, weight)
            found[name] = score
        return found

    def forward(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Exchange what scores low; see the class."""
        scores = self.scores(features, shares)
        scored = {name: scores[name] * f for name, f in features.items()}  # (N, C, h, w)
        out = {}
        for name, own in scored.items():
            others = {other: f for other, f in scored.items() if other != name}
            if others:
                there = added(shares[other] for other in others) > 0
                poor = (scores[name] < self.threshold) & there
                own = torch.where(poor, mean_over(others, shares), own)
            out[name] = own.masked_fill(shares[name] == 0, 0.0)
        return out


def _refuse_float16(device: str) -> None:
    if torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) == torch.float16:
        raise InputError(
            'training in float16 scales losses, but not the gradient that sparsity of TokenFusion '
            'adds; set model.backbone.fusion.sparsity=0, or train without --amp'
        )


@MODELS.register_module()
class TokenExchangeFusion(InterleavedFusion):
    """Tokens exchanged, then a learned mean of the modalities; see the module.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
        threshold: See :class:`TokenExchange`.
        sparsity: See :class:`TokenExchange`.

    Example:
        >>> fusion = TokenExchangeFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'optical': torch.ones(1, 64, 8, 8)}, {'optical': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 48, 8, 8])
    """

    def __init__(
        self,
        *,
        branches: Mapping[str, int],
        channels: int,
        threshold: float = 0.02,
        sparsity: float = 0.01,
    ) -> None:
        super().__init__(branches=branches, channels=channels)
        self.project = Projections(branches, channels)
        self.swap = TokenExchange(
            branches=dict.fromkeys(branches, channels),
            channels=channels,
            threshold=threshold,
            sparsity=sparsity,
        )
        self.ensemble = Ensemble(branches=dict.fromkeys(branches, channels), channels=channels)

    def exchange(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Exchange, then average what is there; the exchanged go on."""
        exchanged = self.swap(self.project(self.opened(features, shares)), shares)
        return self.ensemble(exchanged, shares), exchanged
