"""A timm model as a pyramid of features, never fetched from a hub.

Differs from mmseg's and mmpretrain's ``TIMMBackbone``: those load from a hub by default. Weights
come from a file instead (``pretrained`` of a branch).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import timm
from mmengine.model import BaseModule
from timm.models.efficientnet import EfficientNetFeatures
from timm.models.mobilenetv3 import MobileNetV3Features
from torch import Tensor

from fusionls.registry import MODELS


@MODELS.register_module()
class TimmEncoder(BaseModule):
    """Features of a timm model at several strides.

    Args:
        name: Name of the timm model, e.g. ``'resnet18'``.
        levels: Which of its feature maps to yield, from fine to coarse; all by default.
        **options: Passed to ``timm.create_model`` (``drop_path_rate``, ...).

    Shapes:
        - input: (N, 3, H, W)
        - output: tuple of (N, C_l, H / s_l, W / s_l)

    Example:
        >>> TimmEncoder(name='resnet18').model.feature_info.reduction()
        [2, 4, 8, 16, 32]
    """

    def __init__(self, *, name: str, levels: Sequence[int] | None = None, **options: Any) -> None:
        super().__init__()
        if levels is not None:
            options['out_indices'] = tuple(levels)
        self.model = timm.create_model(name, pretrained=False, features_only=True, **options)
        stepped = isinstance(self.model, EfficientNetFeatures | MobileNetV3Features)
        if stepped and self.model.feature_hooks is None:
            # of other models timm drops what follows the last level; here it would run for nothing
            del self.model.blocks[max(self.model._stage_out_idx) :]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Yield the feature maps, fine to coarse."""
        return tuple(self.model(x))
