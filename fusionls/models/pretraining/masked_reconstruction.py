"""Pre-training without labels: predict what was hidden of one sensor from what the others show.

Flow: unlabelled tiles -> models.data_preprocessor -> [here] -> a checkpoint whose backbone a
segmentor starts from (``pretrained`` of ``MultiBranchEncoder``).
Source: masked autoencoding of pictures, He et al. 2022 (MAE, sec. 3), across modalities as in
MultiMAE (Bachmann et al. 2022, sec. 3: masked tokens of several modalities are predicted from the
visible ones of all).
Differs: convolutional encoders, so what is hidden is made invalid (models.encoders fills holes from
around them and the law of validity keeps what is hidden out) instead of left out of a sequence;
whole modalities are hidden too, because a whole sensor is what is missing in the field; the loss
counts only pixels that were valid and were hidden, and is the absolute error, which a few steep
pixels do not rule, where MAE has the squared one. Layers of classes are predicted as the maps of
0 and 1 that a model reads, by the same loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel, ModuleDict, ModuleList
from torch import Tensor, nn

from fusionls.datasets.sample import FusedInputs
from fusionls.errors import InputError
from fusionls.models.encoders.presence import random_presence
from fusionls.registry import MODELS


@MODELS.register_module()
class MaskedReconstruction(BaseModel):
    """Fused backbone with a light decoder that predicts hidden pixels of every modality.

    Args:
        backbone: Config of a :class:`MultiBranchEncoder`.
        data_preprocessor: Config of a :class:`FusionDataPreprocessor`.
        width: Channels of the decoder.
        block: Side of a hidden block, base pixels.
        hidden_share: Share of the blocks that are hidden in a modality that stays.
        whole: Probability that a modality is hidden as a whole (one always stays).

    Raises:
        InputError: A share is not within 0 and 1, or there is only one modality and ``whole`` is
            not 0.

    Shapes:
        - input: as :class:`MultiBranchEncoder`
        - loss: ``{'loss_<modality>': scalar}``, mean absolute error in deviations of the layers
    """

    def __init__(
        self,
        *,
        backbone: dict[str, Any],
        data_preprocessor: dict[str, Any],
        width: int = 48,
        block: int = 16,
        hidden_share: float = 0.5,
        whole: float = 0.3,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        if not (0 < hidden_share < 1 and 0 <= whole < 1):
            raise InputError(
                f'hidden_share is {hidden_share} and whole is {whole}; expected shares within 0 '
                'and 1'
            )
        self.backbone = MODELS.build(backbone)
        self.block = block
        self.hidden_share = hidden_share
        self.whole = whole
        self.laterals = ModuleList(
            nn.Conv2d(level.channels, width, 1) for level in self.backbone.levels
        )
        self.join = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.GELU())
        self.predict = ModuleDict(
            {
                modality: nn.Conv2d(width, maps, 1)
                for modality, maps in self.data_preprocessor.widths.items()
            }
        )

    def forward(self, inputs: FusedInputs, data_samples: Any = None, mode: str = 'tensor') -> Any:
        """``'loss'``: hide and predict; ``'tensor'`` and ``'predict'``: predict from all."""
        if mode == 'loss':
            shown, hidden = self.hide(inputs)
            return self.losses(inputs, self.reconstructed(shown, inputs), hidden)
        return self.reconstructed(inputs, inputs)

    def hide(self, inputs: FusedInputs) -> tuple[FusedInputs, dict[str, Tensor]]:
        """Make blocks and whole modalities invalid.

        Returns:
            What is shown, and per modality the pixels (N, 1, h, w) that were valid and are hidden.
        """
        count = len(next(iter(inputs.values()))[0])
        keep = random_presence(inputs, self.whole)  # (N, M): modalities that stay
        shown, hidden = {}, {}
        for number, (name, (values, valid)) in enumerate(inputs.items()):
            stays = keep[:, number, None, None, None]
            factor = self.data_preprocessor.factors[name]
            side = max(self.block // factor, 1)
            rows, cols = (-(-length // side) for length in valid.shape[2:])
            gone = torch.rand((count, 1, rows, cols), device=valid.device) < self.hidden_share
            gone = gone.repeat_interleave(side, 2).repeat_interleave(side, 3)
            gone = gone[:, :, : valid.shape[2], : valid.shape[3]]
            # a modality of which nothing would be left stays whole: it may be the only one
            left = (valid & ~gone).flatten(1).any(1)[:, None, None, None]
            gone = (gone & left & stays) | ~stays
            shown[name] = (values, valid & ~gone)
            hidden[name] = valid & gone
        return shown, hidden

    def reconstructed(self, shown: FusedInputs, like: FusedInputs) -> dict[str, Tensor]:
        """Values (N, C, h, w) of every modality of ``like``, in deviations of its layers."""
        levels = self.backbone(shown)
        size = levels[0].shape[2:]
        total = sum(
            F.interpolate(lateral(level), size=size, mode='bilinear', align_corners=False)
            for lateral, level in zip(self.laterals, levels, strict=True)
        )
        joined = self.join(total)  # (N, width, H / s, W / s)
        return {
            name: F.interpolate(
                self.predict[name](joined),
                size=values.shape[2:],
                mode='bilinear',
                align_corners=False,
                antialias=values.shape[2] < size[0],
            )
            for name, (values, _) in like.items()
        }

    def losses(
        self, inputs: FusedInputs, predicted: Mapping[str, Tensor], hidden: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Mean absolute error over hidden pixels, one per modality."""
        found = {}
        for name, values in predicted.items():
            where = hidden[name].expand_as(values)
            error = (values - inputs[name][0]).abs().masked_fill(~where, 0.0).sum()
            found[f'loss_{name}'] = error / where.sum().clamp_min(1)
        return found
