"""Encoders run stage by stage, so that branches can speak to each other in between.

Flow: models.encoders.multi_branch -> [here] -> an encoder's own layers.
The mechanisms of CMX, CMNeXt, TokenFusion, GeminiFusion and StitchFusion act inside of encoders:
what a modality learns from the others at one level flows on into its next stage. That takes an
encoder that is a chain: each level it yields is what its next stage reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmseg.models.backbones import MixVisionTransformer
from mmseg.models.utils import nlc_to_nchw
from timm.layers import Format
from timm.models._features import FeatureListNet
from timm.models.efficientnet import EfficientNetFeatures
from torch import Tensor, nn

from fusionls.errors import InputError

Stage = Callable[[Tensor], Tensor]


def stages_of(encoder: nn.Module) -> list[Stage]:
    """The chain that an encoder is, one stage per level it yields.

    An encoder of one's own has a method ``stages`` that returns them.

    Returns:
        Functions from (N, C, h, w) to the next level; the first reads the picture. One after the
        other they yield, bit for bit, what ``encoder`` does.

    Raises:
        InputError: The encoder is no chain, or of a kind that is not known.
    """
    model: Any = getattr(encoder, 'model', encoder)  # what a TimmEncoder holds
    if hasattr(model, 'stages') and callable(model.stages):
        return list(model.stages())
    if isinstance(model, MixVisionTransformer):
        ends = set(model.out_indices)
        return _grouped([(_mit_stage(layer), i in ends) for i, layer in enumerate(model.layers)])
    if isinstance(model, FeatureListNet) and model.output_fmt == Format.NCHW and not model.concat:
        return _grouped([(module, name in model.return_layers) for name, module in model.items()])
    if isinstance(model, EfficientNetFeatures) and model.feature_hooks is None:
        ends = set(model._stage_out_idx)
        chain = [nn.Sequential(model.conv_stem, model.bn1), *model.blocks]
        return _grouped([(module, i in ends) for i, module in enumerate(chain)])
    raise InputError(
        f'{type(model).__name__} cannot be run stage by stage; expected MixVisionTransformer, a '
        'timm model that is a plain list of features (ResNet, EfficientNet), or an encoder with a '
        'method `stages`. Else leave `staged` of the backbone False'
    )


def _mit_stage(layer: Any) -> Stage:
    def run(x: Tensor) -> Tensor:
        tokens, size = layer[0](x)
        for block in layer[1]:
            tokens = block(tokens, size)
        out: Tensor = nlc_to_nchw(layer[2](tokens), size)
        return out

    return run


def _grouped(links: list[tuple[Stage, bool]]) -> list[Stage]:
    """Links of a chain joined to stages; the flag tells which end one."""
    stages: list[Stage] = []
    waiting: list[Stage] = []
    for link, ends in links:
        waiting.append(link)
        if ends:
            stages.append(_chained(waiting))
            waiting = []
    return stages


def _chained(links: list[Stage]) -> Stage:
    def run(x: Tensor) -> Tensor:
        for link in links:
            x = link(x)
        return x

    return run
