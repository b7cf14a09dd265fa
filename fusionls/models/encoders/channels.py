"""Give any image encoder any number of input channels, keeping what it has learned.

The first convolution that reads three channels is replaced by one that reads C. Its weights are
the mean over the three old channels (rule ``mean``), or the old ones in turn (rule ``repeat``, as
timm does), times 3 / C: an input whose C channels are all equal then gives the same feature maps
as before the change (Carreira and Zisserman 2017, "Quo Vadis, Action Recognition?", sec. 3,
inflate weights in time by the same rule; ``repeat`` keeps it where C is a multiple of 3). With
C = 3 nothing is changed. Where nothing was learned yet, these rules would give every layer the
same kernel, and the encoder would see no more than their sum; the rule ``fresh`` draws normal
weights of 3 / C of the old variance for each, which leaves the variance of the output as it was.
The rule ``stem`` leaves the encoder as it is and puts a learned 1 x 1 convolution from C to 3
channels before it, which starts as ``repeat`` would.
"""

from __future__ import annotations

import copy
from enum import StrEnum
from typing import Any

import torch
from torch import Tensor, nn

from fusionls.errors import InputError
from fusionls.models.levels import LevelSpec

PHOTO_CHANNELS = 3
"""Red, green, blue: what image encoders are built for."""


def first_convolution(encoder: nn.Module) -> str:
    """Name of the convolution that reads the picture.

    Raises:
        InputError: No convolution with three input channels is there.
    """
    for name, module in encoder.named_modules():
        if isinstance(module, nn.Conv2d) and module.in_channels == PHOTO_CHANNELS:
            return name
    raise InputError(
        f'{type(encoder).__name__} has no convolution with {PHOTO_CHANNELS} input channels, so its '
        'channel count cannot be adapted; leave the in_channels of the encoder at 3'
    )


class Adaptation(StrEnum):
    """How three channels become C; see the module."""

    MEAN = 'mean'
    REPEAT = 'repeat'
    FRESH = 'fresh'
    STEM = 'stem'


def adapted_weight(weight: Tensor, channels: int, rule: str = Adaptation.MEAN) -> Tensor:
    """Weight (O, 3, k, k) of a first convolution as (O, ``channels``, k, k); see the module."""
    old = weight.shape[1]
    if channels == old:
        return weight
    if rule == Adaptation.REPEAT:
        wide = weight[:, [channel % old for channel in range(channels)]]
    elif rule == Adaptation.FRESH:
        drawn = torch.randn(len(weight), channels, *weight.shape[2:], dtype=weight.dtype)
        return drawn * weight.std() * (old / channels) ** 0.5
    else:
        wide = weight.mean(dim=1, keepdim=True).repeat(1, channels, 1, 1)
    return wide * (old / channels)


def stem_convolution(channels: int, masks: int) -> nn.Conv2d:
    """A 1 x 1 convolution from layers and valid masks to the three channels of a picture.

    Args:
        channels: Layers; picture channel i starts as the mean of layers i, i + 3, ... (of all of
            them where there are fewer than three).
        masks: Valid masks after the layers; their weights start at zero.
    """
    stem = nn.Conv2d(channels + masks, PHOTO_CHANNELS, 1, bias=False)
    weight = torch.zeros_like(stem.weight)
    for i in range(PHOTO_CHANNELS):
        read = range(i, channels, PHOTO_CHANNELS) if channels >= PHOTO_CHANNELS else range(channels)
        weight[i, list(read)] = 1.0 / len(read)
    stem.weight = nn.Parameter(weight)
    return stem


def adapt_channels(encoder: nn.Module, channels: int, rule: str = Adaptation.MEAN) -> None:
    """Replace the first convolution of ``encoder`` in place by one that reads ``channels``.

    Args:
        encoder: Reads three channels.
        channels: What it is to read.
        rule: ``'mean'``, ``'repeat'`` or ``'fresh'``.

    Raises:
        InputError: See :func:`first_convolution`.
    """
    if channels == PHOTO_CHANNELS:
        return
    name = first_convolution(encoder)
    old: Any = encoder.get_submodule(name)
    if old.groups != 1:
        raise InputError(f'the first convolution of {type(encoder).__name__} is grouped')
    parent_name, _, leaf = name.rpartition('.')
    # a copy, so that bias, padding and the tricks of subclasses (timm's Conv2dSame) are kept
    new = copy.deepcopy(old)
    new.in_channels = channels
    new.weight = nn.Parameter(adapted_weight(old.weight.detach(), channels, rule))
    setattr(encoder.get_submodule(parent_name), leaf, new)


def measured_levels(encoder: nn.Module, channels: int, size: int = 128) -> list[LevelSpec]:
    """Run the encoder once on zeros and see which levels come out.

    Args:
        encoder: Yields one tensor or a sequence of tensors (N, C_l, H_l, W_l).
        channels: What it reads.
        size: Side of the picture of zeros, pixels.

    Raises:
        InputError: The encoder yields something else than feature maps.
    """
    was_training = encoder.training
    encoder.train(False)  # the result of .eval() is not used: mmseg's ResNet.train returns None
    with torch.no_grad():
        features = encoder(torch.zeros(1, channels, size, size))
    encoder.train(was_training)
    if isinstance(features, Tensor):
        features = (features,)
    flat = [i for i, feature in enumerate(features) if feature.ndim != 4]
    if flat:
        raise InputError(
            f'{type(encoder).__name__} yields no map but {tuple(features[flat[0]].shape)} at level '
            f'{flat[0]}; turn its pooling off (ConvNeXt: gap_before_final_norm=False)'
        )
    return [LevelSpec(f.shape[1], round(size / f.shape[2])) for f in features]
