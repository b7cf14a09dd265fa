"""Late fusion: a decoder per modality, and a mean of their logits where the modalities are valid.

Flow: models.fusion.side_by_side -> [here].
Source: Long et al. 2015, sec. 5.2 (NYUDv2): the predictions of two networks, one for colour and
one for depth, are summed at the final layer.
Differs: any number of modalities; a learned weight each; weighted by the valid share::

    w_m = exp(b_m) (s_m + e [modality m is in the sample])
    z   = sum_m w_m z_m / sum_m w_m

with s_m at the finest level of the modality. A modality's decoder looks around, so that its logits
inside of its holes are worth something where no other is valid: hence e.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import ModuleDict
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.fusion.masked import weighted_mean
from fusionls.registry import MODELS

_IN_HOLES = 1e-3  # e of the module text: counts only where nothing is valid


@MODELS.register_module()
class LateFusionHead(BaseDecodeHead):
    """Decode each modality of a ``SideBySideFusion`` and average the logits; see the module.

    Args:
        branches: Channels of every modality at the levels of the backbone, fine to coarse, in the
            order of its branches; 0 where the modality does not enter.
        decoders: Config of a decode head per modality, without ``in_channels`` and
            ``num_classes``. It reads the levels that its modality enters.
        num_classes: Of all of them.
        **options: Those of mmseg's ``BaseDecodeHead``.

    Raises:
        InputError: Modalities without decoder, decoders without modality, or lists of unequal
            length; (forward) levels that are not as ``branches`` says.

    Shapes:
        - input: tuple of (N, C_l, H/s_l, W/s_l), fine to coarse
        - output: logits (N, classes, h, w) as fine as those of the finest decoder

    Example:
        >>> head = LateFusionHead(
        ...     branches=dict(optical=[8, 16], insar=[0, 4]),
        ...     decoders=dict(optical=dict(type='UNetHead', widths=[8]),
        ...                   insar=dict(type='UNetHead', widths=[])),
        ...     num_classes=2)
        >>> head([torch.zeros(1, 9, 8, 8), torch.zeros(1, 22, 4, 4)]).shape
        torch.Size([1, 2, 8, 8])
    """

    def __init__(
        self,
        *,
        branches: Mapping[str, Sequence[int]],
        decoders: Mapping[str, Mapping[str, Any]],
        num_classes: int,
        **options: Any,
    ) -> None:
        if set(branches) != set(decoders) or len({len(c) for c in branches.values()}) != 1:
            raise InputError(
                'LateFusionHead needs a decoder and one number of levels for every modality; got '
                f'branches { ({m: len(c) for m, c in branches.items()}) } and decoders for '
                f'{", ".join(decoders)}'
            )
        widths = {modality: list(channels) for modality, channels in branches.items()}
        levels = list(zip(*widths.values(), strict=True))
        options.setdefault('init_cfg', None)  # the parent's is for its own classifier
        super().__init__(
            in_channels=[sum(level) + sum(c > 0 for c in level) for level in levels],
            channels=1,
            num_classes=num_classes,
            in_index=list(range(len(levels))),
            input_transform='multiple_select',
            **options,
        )
        del self.conv_seg  # each decoder has its own
        self.widths = widths
        self.decoders = ModuleDict(
            {
                modality: MODELS.build(
                    dict(
                        decoders[modality],
                        in_channels=[c for c in channels if c],
                        num_classes=num_classes,
                    )
                )
                for modality, channels in widths.items()
            }
        )
        self.weight = nn.ParameterDict({name: nn.Parameter(torch.zeros(1)) for name in branches})

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Decode and average; see the class for shapes."""
        levels = self._transform_inputs(inputs)
        found = [level.shape[1] for level in levels]
        if found != self.in_channels:
            raise InputError(
                f'LateFusionHead reads levels of {self.in_channels} channels, got {found}; give '
                'the backbone SideBySideFusion and the head the channels of its branches'
            )
        decoded = {}
        for modality, (features, share) in self._apart(levels).items():
            here = share.flatten(1).any(1)  # (N,)
            if bool(here.any()):
                # decoders may have batch norms: samples without the modality stay out of them
                logits = self.decoders[modality]([f[here] for f in features])
                decoded[modality] = (logits, share, here)
        if not decoded:  # no modality in the whole batch: every class is as likely
            return levels[0].new_zeros((len(levels[0]), self.out_channels, *levels[0].shape[2:]))
        size = max((logits.shape[2:] for logits, _, _ in decoded.values()), key=math.prod)
        maps, weights = [], []
        for modality, (logits, share, here) in decoded.items():
            resized = F.interpolate(
                logits, size=size, mode='bilinear', align_corners=self.align_corners
            )
            everywhere = resized.new_zeros((len(here), *resized.shape[1:]))
            maps.append(everywhere.index_copy(0, here.nonzero().flatten(), resized))
            counted = F.interpolate(share, size=size) + _IN_HOLES * here[:, None, None, None]
            weights.append(self.weight[modality].exp() * counted)
        return weighted_mean(maps, weights)

    def _apart(self, levels: Sequence[Tensor]) -> dict[str, tuple[list[Tensor], Tensor]]:
        """The levels of each modality, and its share (N, 1, h, w) at the finest of them."""
        features: dict[str, list[Tensor]] = {modality: [] for modality in self.widths}
        shares: dict[str, list[Tensor]] = {modality: [] for modality in self.widths}
        for number, level in enumerate(levels):
            entering = {m: c[number] for m, c in self.widths.items() if c[number]}
            parts = level.split([*entering.values(), *[1] * len(entering)], 1)
            for i, modality in enumerate(entering):
                features[modality].append(parts[i])
                shares[modality].append(parts[len(entering) + i])
        return {modality: (features[modality], shares[modality][0]) for modality in self.widths}
