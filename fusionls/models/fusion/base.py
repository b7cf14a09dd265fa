"""What every fusion operator and every exchange is given, and what it must keep.

The law: a modality counts at a place only as far as it is valid there. Features come with the
share of valid pixels under each feature pixel; where the share is zero the features are noise
and must not reach the output.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import torch
from mmengine.model import BaseModule
from torch import Tensor

from fusionls.errors import InputError, NoModalityError
from fusionls.models.fusion.masked import added


class AcrossBranches(BaseModule):
    """What operators over several branches share: order, masking, and modalities that are absent.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of what comes out.
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

    def opened(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Features of the present modalities in the order of the config, zero where closed.

        Raises:
            NoModalityError: No modality is there.
        """
        names = [name for name in self.names if name in features]
        if not names:
            raise NoModalityError(
                f'{type(self).__name__} was given no modality; expected at least one of '
                f'{", ".join(self.names)}'
            )
        # not a product with the share: a NaN times zero is NaN, and so is its gradient
        return {
            name: _laid_out(features[name].masked_fill(shares[name] == 0, 0.0)) for name in names
        }

    def weighted(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Features as :meth:`opened`, times their share."""
        return {n: f * shares[n] for n, f in self.opened(features, shares).items()}

    def side_by_side(self, values: Mapping[str, Tensor], widths: Mapping[str, int]) -> Tensor:
        """(N, sum of widths, h, w): all modalities as channels, zeros for those not in ``values``.

        Args:
            values: (N, C_m, h, w) per modality; at least one.
            widths: C_m of every modality.
        """
        like = next(iter(values.values()))[:, :1]
        nothing = torch.zeros_like(like)  # (N, 1, h, w)
        parts = [
            values[name] if name in values else nothing.expand(-1, widths[name], -1, -1)
            for name in self.names
        ]
        return _laid_out(torch.cat(parts, 1))

    def closed(self, fused: Tensor, shares: Mapping[str, Tensor]) -> Tensor:
        """The fused features, zero where no modality is valid."""
        return fused.masked_fill(self.total_share(shares) == 0, 0.0)

    def total_share(self, shares: Mapping[str, Tensor]) -> Tensor:
        """(N, 1, h, w): sum of the shares of all present modalities."""
        return added(shares[name] for name in self.names if name in shares)


def _laid_out(x: Tensor) -> Tensor:
    """The same in the one memory format of all operators.

    Convolutions round otherwise in another format, and which one a sum or a concatenation comes
    in depends on what is there.
    """
    return x.contiguous(memory_format=torch.channels_last)


class BaseFusion(AcrossBranches):
    """Base of fusion operators; implement :meth:`forward`.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
    """

    @abstractmethod
    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Fuse one level.

        Args:
            features: (N, C_m, h, w) per present modality.
            shares: (N, 1, h, w) in [0, 1] per present modality: valid share of each pixel.

        Returns:
            (N, ``channels``, h, w).

        Raises:
            NoModalityError: No modality is there.
        """


class InterleavedFusion(BaseFusion):
    """Base of operators that can also act between the stages of encoders.

    Implement :meth:`exchange`.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of the fused features.
    """

    @abstractmethod
    def exchange(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Fuse one level, and say what each modality goes on with.

        Args:
            features: As in :meth:`forward`.
            shares: As in :meth:`forward`.

        Returns:
            The fused features, and (N, ``channels``, h, w) per present modality for the next stage
            of its encoder. What stands there under invalid pixels is not looked at.
        """

    def forward(self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """Fuse one level; see :class:`BaseFusion`."""
        return self.exchange(features, shares)[0]


class BaseExchange(AcrossBranches):
    """Base of exchanges, which leave every modality a map of its own; implement :meth:`forward`.

    They are parts of an :class:`InterleavedFusion`. The law is that of fusion operators, for each
    map that comes out.

    Args:
        branches: Channels per modality at this level.
        channels: Channels of every modality, in and out.

    Raises:
        InputError: A modality has other than ``channels`` channels.
    """

    def __init__(self, *, branches: Mapping[str, int], channels: int) -> None:
        super().__init__(branches=branches, channels=channels)
        if set(branches.values()) != {channels}:
            raise InputError(
                f'{type(self).__name__} needs branches of one width, expected {channels} channels '
                f'each, got {dict(branches)}; give them encoders of equal width'
            )

    @abstractmethod
    def forward(
        self, features: Mapping[str, Tensor], shares: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Change every modality by what the others say.

        Args:
            features: (N, C, h, w) per present modality, in the order of the config and zero
                where closed (see :meth:`opened`).
            shares: (N, 1, h, w) in [0, 1] per present modality.

        Returns:
            (N, C, h, w) per present modality, zero where closed.
        """
