"""What every fusion operator is given, and what it must keep.

The law: a modality counts at a place only as far as it is valid there. Features come with the
share of valid pixels under each feature pixel; where the share is zero the features are noise
and must not reach the output.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from mmengine.model import BaseModule
from torch import Tensor

from fusionls.errors import InputError


class BaseFusion(BaseModule):
    """Base of fusion operators; implement :meth:`forward`.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int) -> None:
        super().__init__()
        if not branches:
            raise InputError(f'{type(self).__name__} needs at least one branch')
        self.channels = channels
        self.widths = dict(branches)

    @property
    def names(self) -> list[str]:
        """The modalities in the fixed order of the config, whatever order inputs come in."""
        return list(self.widths)

    @abstractmethod
    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Fuse one level.

        Args:
            features: (N, C_m, h, w) per present modality.
            shares: (N, 1, h, w) in [0, 1] per present modality: valid share of each pixel.

        Returns:
            (N, ``channels``, h, w).
        """
