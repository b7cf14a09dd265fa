"""A timm classifier up to its pooling, as an encoder of one level.

Differs from ``TimmEncoder``, whose levels end before the last layers of some models (the 1280
channels of EfficientNet, the exit of Xception): a classifier of tiles needs those too.
"""

from __future__ import annotations

from typing import Any

import timm
from mmengine.model import BaseModule
from torch import Tensor

from fusionls.registry import MODELS


@MODELS.register_module()
class TimmTrunk(BaseModule):
    """All of a timm model but its pooling and its classifier, never fetched from a hub.

    Args:
        name: Name of the timm model, one whose features are maps (a convolutional one).
        **options: Passed to ``timm.create_model`` (``drop_path_rate``, ...).

    Shapes:
        - input: (N, 3, H, W)
        - output: a tuple of one (N, C, H / s, W / s)

    Example:
        >>> TimmTrunk(name='resnet18').model.num_features
        512
    """

    def __init__(self, *, name: str, **options: Any) -> None:
        super().__init__()
        options |= dict(num_classes=0, global_pool='')
        self.model: Any = timm.create_model(name, pretrained=False, **options)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Yield the last feature map."""
        return (self.model.forward_features(x),)
