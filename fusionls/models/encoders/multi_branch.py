"""The fused backbone: one branch per modality, fused level by level.

Flow: models.data_preprocessor -> [here] -> any mmseg, mmdet or mmpretrain neck or head.
It takes ``{modality: (values, valid)}`` and returns a tuple of levels like every OpenMMLab
backbone. Branches run only on the samples that have their modality, so absent modalities cost
nothing and touch no normalisation statistics; an absent modality and an all-invalid one are the
same thing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.model import BaseModule, ModuleDict, ModuleList
from torch import Tensor

from fusionls.datasets.sample import FusedInputs
from fusionls.errors import InputError
from fusionls.models.encoders.branch import Branch
from fusionls.models.encoders.presence import presence
from fusionls.models.levels import LevelSpec
from fusionls.models.pretrained import load_backbone
from fusionls.registry import MODELS


@MODELS.register_module()
class MultiBranchEncoder(BaseModule):
    """Multi-branch encoder with a registered fusion operator at every level.

    A branch of factor f yields levels of f times the stride of its encoder, and enters where the
    strides of the finest branch meet its own: a coarse modality is never upsampled to the fine
    grid.

    Args:
        branches: Keyword arguments of :class:`Branch` per modality.
        fusion: Config of a fusion operator; ``branches`` and ``channels`` are filled in per
            level.
        out_channels: Channels of the fused levels, one number for all or one per level; by
            default those of the finest branch.
        pretrained: Checkpoint of a model with the same backbone (see ``models.pretraining``), which
            it starts from; over the weights that single branches name.

    Attributes:
        levels: What comes out, one :class:`LevelSpec` per level, fine to coarse.

    Raises:
        NoModalityError: (forward) A sample has no valid pixel in any modality.
        LayerMissingError: (forward) A modality without a branch was given.

    Example:
        >>> encoder = dict(type='TimmEncoder', name='resnet18')
        >>> backbone = MultiBranchEncoder(
        ...     branches=dict(optical=dict(encoder=encoder, channels=4),
        ...                   terrain=dict(encoder=encoder, channels=2)),
        ...     fusion=dict(type='ConcatFusion'))
        >>> [level.stride for level in backbone.levels]
        [2, 4, 8, 16, 32]
    """

    def __init__(
        self,
        *,
        branches: Mapping[str, Mapping[str, Any]],
        fusion: dict[str, Any],
        out_channels: int | Sequence[int] | None = None,
        pretrained: str | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.pretrained = pretrained
        if not branches:
            raise InputError('MultiBranchEncoder needs at least one branch')
        self.branches = ModuleDict({m: Branch(**options) for m, options in branches.items()})
        finest = min(self.branches.values(), key=lambda branch: branch.factor)
        strides = [level.stride for level in finest.levels]
        if out_channels is None:
            out_channels = [level.channels for level in finest.levels]
        elif isinstance(out_channels, int):
            out_channels = [out_channels] * len(strides)
        if len(out_channels) != len(strides):
            raise InputError(
                f'out_channels has {len(out_channels)} entries, the finest branch has '
                f'{len(strides)} levels (strides {strides})'
            )
        self.levels = [LevelSpec(c, s) for c, s in zip(out_channels, strides, strict=True)]
        self._entries = {
            modality: [
                (i, strides.index(v.stride)) for i, v in enumerate(b.levels) if v.stride in strides
            ]
            for modality, b in self.branches.items()
        }
        idle = [modality for modality, entries in self._entries.items() if not entries]
        if idle:
            raise InputError(
                f'branches {idle} have no level at the strides {strides} of the finest branch; '
                'give them an encoder with finer levels'
            )
        for modality, branch in self.branches.items():
            deep = [v.stride for v in branch.levels if v.stride not in strides]
            if deep:
                print_log(
                    f'branch {modality!r}: its levels of stride {deep} enter nowhere (the finest '
                    f'branch has {strides}) and cost time; give its encoder fewer levels',
                    'current',
                    logging.WARNING,
                )
        self.fusions = ModuleList()
        for number, level in enumerate(self.levels):
            entering = {
                modality: self.branches[modality].levels[own].channels
                for modality, entries in self._entries.items()
                for own, fused in entries
                if fused == number
            }
            config = dict(fusion, branches=entering, channels=level.channels)
            self.fusions.append(MODELS.build(config))
        # an operator may have a width of its own
        self.levels = [
            LevelSpec(built.channels, level.stride)
            for built, level in zip(self.fusions, self.levels, strict=True)
        ]

    def init_weights(self) -> None:
        """Initialise every part, then load the checkpoint where one is given."""
        super().init_weights()
        if self.pretrained is not None:
            load_backbone(self, self.pretrained)

    def forward(self, inputs: FusedInputs) -> tuple[Tensor, ...]:
        """Encode and fuse.

        Args:
            inputs: Values (N, C, H/f, W/f) and valid (N, 1, H/f, W/f) per present modality.

        Returns:
            (N, C_l, H/s_l, W/s_l) per level.
        """
        present = presence(inputs, self.branches.keys())
        features: list[dict[str, Tensor]] = [{} for _ in self.levels]
        shares: list[dict[str, Tensor]] = [{} for _ in self.levels]
        for modality, (values, valid) in inputs.items():
            here = present[modality]
            if not bool(here.any()):
                continue
            everywhere = bool(here.all())
            given = (values, valid) if everywhere else (values[here], valid[here])
            encoded = self.branches[modality](given)
            for own, fused in self._entries[modality]:
                level = encoded[own]
                # single precision whatever the encoder's, so that all shares are of one kind
                share = F.adaptive_avg_pool2d(given[1].float(), level.shape[2:])
                if not everywhere:  # samples without the modality: zeros of share zero
                    level = _spread(level, here)
                    share = _spread(share, here)
                features[fused][modality] = level  # (N, C_m, h, w)
                shares[fused][modality] = share  # (N, 1, h, w) in [0, 1]
        out = []
        for number, fusion in enumerate(self.fusions):
            if features[number]:
                out.append(fusion(features[number], shares[number]))
            else:  # only coarse modalities are here, and they do not reach this level
                name, (first, _) = next(iter(inputs.items()))
                channels, stride = self.levels[number].channels, self.levels[number].stride
                factor = self.branches[name].factor
                shape = (-(-side * factor // stride) for side in first.shape[2:])
                out.append(first.new_zeros((len(first), channels, *shape)))
        return tuple(out)


def _spread(compact: Tensor, here: Tensor) -> Tensor:
    """(n, ...) of the samples where ``here`` is True as (N, ...), zero elsewhere."""
    spread = compact.new_zeros((len(here), *compact.shape[1:]))
    return spread.index_copy(0, here.nonzero().flatten(), compact)
