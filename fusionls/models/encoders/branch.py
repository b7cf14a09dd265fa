"""One branch: a registered backbone made to read one modality's layers and valid mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from fusionls.datasets.sample import ModalityInput
from fusionls.errors import InputError
from fusionls.models.encoders.channels import (
    PHOTO_CHANNELS,
    Adaptation,
    adapt_channels,
    measured_levels,
    stem_convolution,
)
from fusionls.models.encoders.hole_filling import REACH, filled
from fusionls.models.encoders.staged import Stage
from fusionls.models.encoders.valid_norm import ValidShare, use_valid_norms
from fusionls.models.levels import LevelSpec
from fusionls.models.pretrained import load_weights
from fusionls.registry import MODELS


class Branch(BaseModule):
    """Encoder of one modality.

    The valid mask is read as one more channel, so that a hole differs from the mean.

    Args:
        encoder: Config of any registered mmseg, mmdet, mmpretrain or timm backbone, as for a
            three-channel picture.
        channels: Number of layers of the modality.
        factor: Pixel size of the modality in base pixels.
        pretrained: File of weights for the three-channel encoder (see ``models.pretrained``).
            They are adapted to the channel count; the mask channel starts at zero.
        adaptation: How: ``'mean'``, ``'repeat'``, ``'fresh'`` or ``'stem'`` (see
            ``encoders.channels``); without ``pretrained`` the first two mean ``'fresh'``.
        valid_channel: Whether the encoder reads the mask.
        reach: Holes are filled from valid pixels within so many pixels of the modality (a power
            of two); 1 leaves them at the mean of their layer.
        valid_norms: Whether batch norms count valid pixels only.

    Raises:
        InputError: The encoder would load weights for a picture by itself, or reads none.

    Shapes:
        - input: values (N, C, H/f, W/f), valid (N, 1, H/f, W/f)
        - output: tuple of (N, C_l, H/s_l, W/s_l), ``levels[l]`` tells C_l and s_l
    """

    def __init__(
        self,
        *,
        encoder: dict[str, Any],
        channels: int,
        factor: int = 1,
        pretrained: str | None = None,
        adaptation: str = Adaptation.MEAN,
        valid_channel: bool = True,
        reach: int = REACH,
        valid_norms: bool = True,
    ) -> None:
        super().__init__()
        if reach < 1 or reach & (reach - 1):
            raise InputError(f'reach must be a power of two, 1 or more, got {reach}')
        if adaptation not in list(Adaptation):
            raise InputError(
                f'adaptation {adaptation!r} is unknown; expected one of {", ".join(Adaptation)}'
            )
        self.reach = reach
        learned = pretrained is not None or adaptation == Adaptation.STEM
        self.adaptation = adaptation if learned else Adaptation.FRESH
        self.channels = channels
        self.factor = factor
        self.pretrained = pretrained
        self.valid_channel = valid_channel
        if channels != PHOTO_CHANNELS or valid_channel:
            _refuse_own_weights(encoder)
        self._encoder_config = encoder
        self.encoder = self._built(encoder)
        stem = adaptation == Adaptation.STEM
        self.stem = stem_convolution(channels, int(valid_channel)) if stem else nn.Identity()
        read = PHOTO_CHANNELS if stem else channels + valid_channel
        self.levels = [
            LevelSpec(level.channels, level.stride * factor)
            for level in measured_levels(self.encoder, read)
        ]
        self._share = use_valid_norms(self.encoder) if valid_norms else ValidShare()

    def _built(self, config: dict[str, Any]) -> nn.Module:
        encoder = MODELS.build(dict(config))
        if self.adaptation != Adaptation.STEM:
            adapt_channels(encoder, self.channels + self.valid_channel, self.adaptation)
        return encoder

    def init_weights(self) -> None:
        """Initialise the encoder, from the pretrained file where one is given."""
        if self.pretrained is None:
            super().init_weights()
            return
        picture = MODELS.build(dict(self._encoder_config))
        load_weights(picture.model if hasattr(picture, 'model') else picture, self.pretrained)
        if self.adaptation != Adaptation.STEM:
            adapt_channels(picture, self.channels, self.adaptation)
        state = picture.state_dict()
        own = self.encoder.state_dict()
        for name, weight in state.items():
            if weight.shape != own[name].shape:  # the first convolution: mask channel from zero
                grown = torch.zeros_like(own[name])
                grown[:, : weight.shape[1]] = weight
                state[name] = grown
        self.encoder.load_state_dict(state)
        self._is_init = True

    def prepared(self, given: ModalityInput) -> Tensor:
        """What the encoder reads, (N, C or C + 1, h, w): holes filled, the mask beside."""
        values, valid = given
        x = filled(values, valid, self.reach)  # (N, C, h, w)
        if self.valid_channel:
            x = torch.cat([x, valid.to(x.dtype)], 1)  # (N, C + 1, h, w)
        x = self.stem(x)
        # convolutions run a fifth faster so, on CPU and with CUDA's tensor cores
        return x.contiguous(memory_format=torch.channels_last)

    def forward(self, given: ModalityInput) -> tuple[Tensor, ...]:
        """Encode; values under invalid pixels are never looked at."""
        with self._share.of(given[1]):
            features = self.encoder(self.prepared(given))
        return (features,) if isinstance(features, Tensor) else tuple(features)

    def run(self, stages: Sequence[Stage], x: Tensor, valid: Tensor) -> Tensor:
        """Some stages of the encoder (``models.encoders.staged``), for the mask of its input."""
        with self._share.of(valid):
            for stage in stages:
                x = stage(x)
        return x


def _refuse_own_weights(encoder: dict[str, Any]) -> None:
    """Refuse ``init_cfg=dict(type='Pretrained')``, whose first convolution no longer fits."""
    given = encoder.get('init_cfg') or ()
    for initialiser in given if isinstance(given, list | tuple) else [given]:
        kind = initialiser.get('type')
        if getattr(kind, '__name__', kind) in ('Pretrained', 'PretrainedInit'):
            raise InputError(
                f'the encoder would load {initialiser.get("checkpoint")!r} by itself, but its '
                'first convolution reads other layers here; give them as `pretrained` of the '
                'branch, where they are adapted'
            )
