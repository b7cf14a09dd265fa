"""The baseline every fusion is held against: all layers stacked as channels of one encoder.

Flow: models.data_preprocessor -> [here] -> any head. Coarse modalities are repeated to the base
grid, holes are filled as in a branch, missing modalities are zeros with a mask of zeros: what
channel stacking can do and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor

from fusionls.datasets.sample import FusedInputs
from fusionls.models.encoders.branch import Branch
from fusionls.models.encoders.hole_filling import REACH, filled
from fusionls.models.encoders.presence import presence
from fusionls.registry import MODELS


def stacked_layers(
    inputs: FusedInputs,
    channels: Mapping[str, int],
    factors: Mapping[str, int],
    reach: int = REACH,
) -> Tensor:
    """All layers of all modalities as channels of one map, the mask of each behind its layers.

    Args:
        inputs: See :class:`MultiBranchEncoder`; a missing modality is zeros, its mask too.
        channels: Number of layers per modality, in the order they are stacked.
        factors: Pixel size per modality in base pixels.
        reach: Holes are filled from valid pixels within so many pixels; 1 leaves zeros.

    Returns:
        (N, sum(C_m + 1), H, W) on the base grid.

    Raises:
        NoModalityError: A sample has no valid pixel of any modality.
    """
    presence(inputs, channels)
    name, (like, _) = next(iter(inputs.items()))
    size = tuple(side * factors[name] for side in like.shape[2:])
    parts = []
    for modality, count in channels.items():
        if modality in inputs:
            values, valid = inputs[modality]
            part = torch.cat([filled(values, valid, reach), valid.to(values.dtype)], 1)
            factor = factors[modality]
            if factor > 1:
                part = part.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
        else:
            part = like.new_zeros((len(like), count + 1, *size))
        parts.append(part)
    return torch.cat(parts, 1)


@MODELS.register_module()
class StackedEncoder(BaseModule):
    """One encoder over the stacked channels of all modalities (early fusion).

    Args:
        channels: Number of layers per modality, in the order they are stacked.
        factors: Pixel size per modality in base pixels; 1 where not named.
        encoder: Config of any registered backbone, as for a three-channel picture.
        pretrained: File of weights for the three-channel encoder.
        reach: Holes are filled from valid pixels within so many pixels; 1 fills none.

    Shapes: as :class:`MultiBranchEncoder`.

    Example:
        >>> backbone = StackedEncoder(channels=dict(optical=4, terrain=2),
        ...                           encoder=dict(type='TimmEncoder', name='resnet18'))
        >>> len(backbone.levels)
        5
    """

    def __init__(
        self,
        *,
        channels: Mapping[str, int],
        encoder: dict[str, Any],
        factors: Mapping[str, int] | None = None,
        pretrained: str | None = None,
        reach: int = REACH,
    ) -> None:
        super().__init__()
        self.reach = reach
        self.channels = dict(channels)
        self.factors = {modality: (factors or {}).get(modality, 1) for modality in channels}
        # the masks are stacked like layers, hence no valid channel of the branch itself
        self.branch = Branch(
            encoder=encoder,
            channels=sum(channels.values()) + len(channels),
            pretrained=pretrained,
            valid_channel=False,
        )
        self.levels = self.branch.levels

    def forward(self, inputs: FusedInputs) -> tuple[Tensor, ...]:
        """Stack and encode; see :class:`MultiBranchEncoder` for shapes."""
        stacked = stacked_layers(inputs, self.channels, self.factors, self.reach)
        everywhere = torch.ones_like(stacked[:, :1], dtype=torch.bool)
        return self.branch((stacked, everywhere))
