"""What an encoder promises of each of its levels, so that parts can agree when they are built."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LevelSpec:
    """A feature map an encoder yields.

    Attributes:
        channels: Number of channels.
        stride: Base-grid pixels per feature pixel.
    """

    channels: int
    stride: int
