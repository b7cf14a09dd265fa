"""A ResNet with a vision transformer on top, whose finer maps are levels too.

Source: the encoder of TransUNet, Chen et al. 2021, fig. 1 and sec. 3.2: R50-ViT-B/16 of
Dosovitskiy et al. 2021, sec. 3.1. Here it is timm's model.
Differs: positions are interpolated to the size at hand; pooling is padded to the full size, so
that the authors' skips need no padding.
"""

from __future__ import annotations

from typing import Any

import timm
from mmengine.model import BaseModule
from torch import Tensor

from fusionls.registry import MODELS


@MODELS.register_module()
class HybridVitEncoder(BaseModule):
    """Stem and stages of the ResNet of a hybrid vision transformer of timm, then its tokens.

    Args:
        name: Name of the timm model: a ResNet of the second kind with a stem, and a transformer.
        class_token: Whether there is a token that is no pixel, which files of weights have; it is
            not handed on.
        **options: Passed to ``timm.create_model``: ``depth=0`` leaves the transformer's layers
            out.

    Shapes:
        - input: (N, 3, H, W)
        - output: tuple of (N, 64, H / 2, W / 2), (N, 256, H / 4, W / 4), (N, 512, H / 8, W / 8)
          and (N, 768, H / 16, W / 16), rounded up; with the model by default
    """

    def __init__(
        self,
        *,
        name: str = 'vit_base_r50_s16_224',
        class_token: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        options |= dict(num_classes=0, global_pool='', dynamic_img_size=True)
        self.model = timm.create_model(name, pretrained=False, class_token=class_token, **options)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Yield the levels, fine to coarse."""
        vit: Any = self.model
        residual = vit.patch_embed.backbone
        levels = [residual.stem.norm(residual.stem.conv(x))]
        x = residual.stem.pool(levels[0])
        for stage in residual.stages:
            x = stage(x)
            levels.append(x)
        tokens = vit.patch_embed.proj(levels.pop()).permute(0, 2, 3, 1)  # (N, h, w, C)
        size = tokens.shape[1:3]
        attended = vit.norm(vit.blocks(vit.norm_pre(vit._pos_embed(tokens))))  # (N, h w, C)
        attended = attended[:, vit.num_prefix_tokens :]
        return (*levels, attended.transpose(1, 2).unflatten(2, size))
