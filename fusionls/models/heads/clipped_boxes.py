"""YOLO heads whose boxes end where the tile ends, as those of mmdet's other heads do.

mmdet's YOLOv3 and YOLOX leave boxes that reach beyond the picture as they are; a landslide that is
cut by the tile is then held against a box that is not.
"""

from __future__ import annotations

from typing import Any

import torch
from mmdet.models.dense_heads import YOLOV3Head, YOLOXHead
from mmengine.structures import InstanceData

from fusionls.registry import MODELS


class ClippedBoxes:
    """For a dense head of mmdet: boxes are cut at the tile before duplicates are left out."""

    def _bbox_post_process(
        self,
        results: InstanceData,
        cfg: Any,
        rescale: bool = False,
        with_nms: bool = True,
        img_meta: dict[str, Any] | None = None,
    ) -> InstanceData:
        if img_meta is not None:
            rows, cols = img_meta['img_shape'][:2]
            across = results.bboxes[:, 0::2].clamp(0, cols)
            down = results.bboxes[:, 1::2].clamp(0, rows)
            results.bboxes = torch.stack([across, down], 2).flatten(1)  # (n, 4)
            results = results[(across[:, 1] > across[:, 0]) & (down[:, 1] > down[:, 0])]
        found: InstanceData = super()._bbox_post_process(
            results, cfg, rescale=rescale, with_nms=with_nms, img_meta=img_meta
        )
        return found


@MODELS.register_module()
class ClippedYoloxHead(ClippedBoxes, YOLOXHead):
    """mmdet's ``YOLOXHead``, boxes cut at the tile."""


@MODELS.register_module()
class ClippedYolov3Head(ClippedBoxes, YOLOV3Head):
    """mmdet's ``YOLOV3Head``, boxes cut at the tile."""
