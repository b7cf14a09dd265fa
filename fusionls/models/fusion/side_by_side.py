"""No fusion yet: all modalities beside each other, for a head that decodes each by itself.

Flow: models.encoders.multi_branch -> [here] -> models.heads.late_fusion_head.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from fusionls.models.fusion.base import BaseFusion
from fusionls.registry import MODELS


@MODELS.register_module()
class SideBySideFusion(BaseFusion):
    """y = [f_1, ..., f_M, s_1, ..., s_M], zeros where closed.

    Args:
        branches: Channels per modality at this level.
        channels: Not looked at: there are ``sum(branches.values()) + len(branches)``.

    Example:
        >>> fusion = SideBySideFusion(branches=dict(optical=64, terrain=32), channels=48)
        >>> fusion({'optical': torch.ones(1, 64, 8, 8)}, {'optical': torch.ones(1, 1, 8, 8)}).shape
        torch.Size([1, 98, 8, 8])
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int) -> None:
        super().__init__(branches=branches, channels=sum(branches.values()) + len(branches))

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Line up what is there, zeros for what is not; see :class:`BaseFusion`."""
        given = self.opened(features, shares)
        return torch.cat(
            [
                self.side_by_side(given, self.widths),
                self.side_by_side(shares, dict.fromkeys(self.names, 1)),
            ],
            1,
        )
