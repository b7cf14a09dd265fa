"""What a classifier of single pixels sees of each: its layers and masks, and nothing around it.

Flow: models.data_preprocessor -> [here] -> models.heads.pixel_head.
A layer that is invalid at a pixel, or a modality that is missing, stands at the mean of the layer
(zero, after normalisation) and its mask says 0: mean imputation with a missing indicator (Little
and Rubin 2002, "Statistical Analysis with Missing Data", sec. 3.4 for the one, 4.2 for its limits).
Coarse modalities are repeated to the base grid.
"""

from __future__ import annotations

from collections.abc import Mapping

from mmengine.model import BaseModule
from torch import Tensor

from fusionls.datasets.sample import FusedInputs
from fusionls.models.encoders.stacked import stacked_layers
from fusionls.models.levels import LevelSpec
from fusionls.registry import MODELS


@MODELS.register_module()
class PixelFeatures(BaseModule):
    """Layers and masks of each pixel; nothing is learned here.

    Args:
        channels: Number of layers per modality, in the order they are stacked.
        factors: Pixel size per modality in base pixels; 1 where not named.

    Shapes:
        - input: as :class:`MultiBranchEncoder`
        - output: a tuple of one (N, sum(C_m + 1), H, W)

    Example:
        >>> PixelFeatures(channels=dict(optical=4, terrain=2)).levels
        [LevelSpec(channels=8, stride=1)]
    """

    def __init__(
        self, *, channels: Mapping[str, int], factors: Mapping[str, int] | None = None
    ) -> None:
        super().__init__()
        self.channels = dict(channels)
        self.factors = {modality: (factors or {}).get(modality, 1) for modality in channels}
        self.levels = [LevelSpec(sum(channels.values()) + len(channels), 1)]

    def forward(self, inputs: FusedInputs) -> tuple[Tensor, ...]:
        """Stack; see the class for shapes."""
        return (stacked_layers(inputs, self.channels, self.factors, reach=1),)
