"""YOLACT's masks for tiles that were padded.

Source: Bolya et al. (2019), "YOLACT: Real-time Instance Segmentation", sec. 3; mmdet's
``YOLACTProtonet``.
Differs: mmdet takes every picture to fill its batch, as after its resize to 550 pixels, and
stretches the masks of one that was padded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmdet.models import YOLACTProtonet
from torch import Tensor

from fusionls.registry import MODELS

Metas = Sequence[Mapping[str, Any]]


@MODELS.register_module()
class PaddedProtonet(YOLACTProtonet):
    """``YOLACTProtonet`` that knows the padding of a tile; options and shapes are its own."""

    def loss_by_feat(
        self, *args: Any, batch_img_metas: Metas, **kwargs: Any
    ) -> dict[str, list[Tensor]]:
        """Losses over the padded tiles, as their true masks are padded too."""
        whole = [{**meta, 'img_shape': meta['batch_input_shape']} for meta in batch_img_metas]
        losses: dict[str, list[Tensor]] = super().loss_by_feat(
            *args, batch_img_metas=whole, **kwargs
        )
        return losses

    def predict_by_feat(
        self,
        mask_preds: Sequence[Tensor],
        segm_preds: Tensor | None,
        results_list: list[Any],
        batch_img_metas: Metas,
        **kwargs: Any,
    ) -> list[Any]:
        """Masks of the tiles themselves: of (h, w, n) over a padded tile, its own part."""
        own = []
        for masks, meta in zip(mask_preds, batch_img_metas, strict=True):
            rows, cols = (
                -(-side * of // whole)  # a pixel that is part of the tile belongs to it
                for side, of, whole in zip(
                    meta['img_shape'][:2], masks.shape[:2], meta['batch_input_shape'], strict=True
                )
            )
            own.append(masks[:rows, :cols])
        found: list[Any] = super().predict_by_feat(
            own, segm_preds, results_list, batch_img_metas, **kwargs
        )
        return found
