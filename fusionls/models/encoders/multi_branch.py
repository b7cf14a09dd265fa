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

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.model import BaseModule, ModuleDict, ModuleList
from torch import Tensor

from fusionls.datasets.sample import FusedInputs
from fusionls.errors import InputError, raise_together
from fusionls.models.encoders.branch import Branch
from fusionls.models.encoders.presence import presence
from fusionls.models.encoders.staged import stages_of
from fusionls.models.fusion.base import InterleavedFusion
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
        fusion: Config of a fusion operator, or one per level, fine to coarse; ``branches`` and
            ``channels`` are filled in per level.
        out_channels: Channels of the fused levels, one number for all or one per level; by
            default those of the finest branch.
        pretrained: Checkpoint of a model with the same backbone (see ``models.pretraining``), which
            it starts from; over the weights that single branches name.
        staged: Whether the operator acts between the stages of the encoders: each modality goes
            on with what the operator made of it. Encoders must be chains of equal widths, see
            ``models.encoders.staged``, and the operator an ``InterleavedFusion``.

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
        fusion: dict[str, Any] | Sequence[dict[str, Any]],
        out_channels: int | Sequence[int] | None = None,
        pretrained: str | None = None,
        staged: bool = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.pretrained = pretrained
        self.staged = staged
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
        configs = [fusion] * len(strides) if isinstance(fusion, Mapping) else list(fusion)
        if len(configs) != len(strides):
            raise InputError(
                f'{len(configs)} fusion operators for {len(strides)} levels; give one for all or '
                'one per level'
            )
        self.fusions = ModuleList()
        for number, level in enumerate(self.levels):
            entering = {
                modality: self.branches[modality].levels[own].channels
                for modality, entries in self._entries.items()
                for own, fused in entries
                if fused == number
            }
            config = dict(configs[number], branches=entering, channels=level.channels)
            self.fusions.append(MODELS.build(config))
        # an operator may have a width of its own
        self.levels = [
            LevelSpec(built.channels, level.stride)
            for built, level in zip(self.fusions, self.levels, strict=True)
        ]
        if staged:
            self._refuse_to_stage()

    def init_weights(self) -> None:
        """Initialise every part, then load the checkpoint where one is given."""
        super().init_weights()
        if self.pretrained is not None:
            load_backbone(self, self.pretrained)

    def _refuse_to_stage(self) -> None:
        """Check what ``staged`` takes."""
        problems = [
            f'{type(built).__name__} does not act between stages'
            for built in self.fusions[:1]
            if not isinstance(built, InterleavedFusion)
        ]
        for level, built in zip(self.levels, self.fusions, strict=True):
            odd = {m: width for m, width in built.widths.items() if width != level.channels}
            if odd:
                problems.append(
                    f'stride {level.stride}: expected {level.channels} channels, got {odd}'
                )
        for modality, branch in self.branches.items():
            try:
                found = len(stages_of(branch.encoder))
            except InputError as error:
                problems.append(f'{modality}: {error}')
            else:
                if found != len(branch.levels):
                    problems.append(f'{modality}: {found} stages for {len(branch.levels)} levels')
        raise_together(
            InputError,
            'the branches cannot be fused between their stages',
            problems,
            'Give all branches encoders of one family, or leave `staged` False.',
        )

    def forward(self, inputs: FusedInputs) -> tuple[Tensor, ...]:
        """Encode and fuse.

        Args:
            inputs: Values (N, C, H/f, W/f) and valid (N, 1, H/f, W/f) per present modality.

        Returns:
            (N, C_l, H/s_l, W/s_l) per level.
        """
        present = presence(inputs, self.branches.keys())
        if self.staged:
            return self._fused_between_stages(inputs, present)
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
                features[fused][modality], shares[fused][modality] = _placed(
                    encoded[own], given[1], here
                )
        return tuple(
            fusion(features[number], shares[number])
            if features[number]
            else self._unreached(number, inputs)
            for number, fusion in enumerate(self.fusions)
        )

    def _fused_between_stages(
        self, inputs: FusedInputs, present: Mapping[str, Tensor]
    ) -> tuple[Tensor, ...]:
        """As :meth:`forward`, each branch reading what the last operator left it."""
        here = {m: present[m] for m in self.branches if m in inputs and bool(present[m].any())}
        given = {m: (inputs[m][0][rows], inputs[m][1][rows]) for m, rows in here.items()}
        going = {m: self.branches[m].prepared(given[m]) for m in here}
        stages = {m: stages_of(self.branches[m].encoder) for m in here}
        done = dict.fromkeys(here, 0)  # stages run
        out = []
        for number, fusion in enumerate(self.fusions):
            features, shares = {}, {}
            for modality, entries in self._entries.items():
                own = [own for own, fused in entries if fused == number]
                if modality in here and own:
                    waiting = stages[modality][done[modality] : own[0] + 1]
                    valid = given[modality][1]
                    encoded = self.branches[modality].run(waiting, going[modality], valid)
                    going[modality], done[modality] = encoded, own[0] + 1
                    features[modality], shares[modality] = _placed(encoded, valid, here[modality])
            if not features:
                out.append(self._unreached(number, inputs))
                continue
            fused, changed = fusion.exchange(features, shares)
            out.append(fused)
            for modality, stream in changed.items():
                # in its holes a branch goes on with what it made of their surroundings itself
                rows = here[modality]
                seen = shares[modality][rows] > 0
                going[modality] = torch.where(seen, stream[rows], going[modality])
        return tuple(out)

    def _unreached(self, number: int, inputs: FusedInputs) -> Tensor:
        """Zeros: only coarse modalities are here, and they do not reach this level."""
        name, (first, _) = next(iter(inputs.items()))
        channels, stride = self.levels[number].channels, self.levels[number].stride
        factor = self.branches[name].factor
        shape = (-(-side * factor // stride) for side in first.shape[2:])
        return first.new_zeros((len(first), channels, *shape))


def _placed(level: Tensor, valid: Tensor, here: Tensor) -> tuple[Tensor, Tensor]:
    """Features (N, C_m, h, w) and share (N, 1, h, w) of a batch, given those of some samples."""
    # single precision whatever the encoder's, so that all shares are of one kind
    share = F.adaptive_avg_pool2d(valid.float(), (level.shape[2], level.shape[3]))
    if bool(here.all()):
        return level, share
    return _spread(level, here), _spread(share, here)  # elsewhere zeros of share zero


def _spread(compact: Tensor, here: Tensor) -> Tensor:
    """(n, ...) of the samples where ``here`` is True as (N, ...), zero elsewhere."""
    spread = compact.new_zeros((len(here), *compact.shape[1:]))
    return spread.index_copy(0, here.nonzero().flatten(), compact)
