"""The anchor head of YOLOv4 and YOLOv5: boxes learn by their overlap, objectness learns it.

Source: Redmon and Farhadi 2018, "YOLOv3", sec. 2.1 (anchors, cells, objectness), from mmdet's
``YOLOV3Head``; what is different in its successors is here: one loss of the overlap of boxes in
place of one loss per coordinate (CIoU in YOLOv4, Bochkovskiy et al. 2020, sec. 3.4; GIoU or CIoU
in YOLOv5), and the overlap as the target of objectness (YOLOv5), which varifocal loss asks for
(Zhang et al. 2021, "VarifocalNet", eq. 2).
Differs from both: each landslide teaches the anchor that fits it best in the cell of its centre,
and every other there with an overlap above the threshold of the assigner, as in mmdet's YOLOv3;
YOLOv5 also takes neighbouring cells. Box centres stay within their cell (no grid sensitivity).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.models.dense_heads import YOLOV3Head
from mmdet.structures.bbox import bbox_overlaps
from mmengine.structures import InstanceData
from torch import Tensor, nn

from fusionls.models.blocks.spatial_convolution import Spatial, spatial_convolution
from fusionls.models.heads.clipped_boxes import ClippedBoxes
from fusionls.registry import MODELS

MOST_LOG_GROWTH = 4.0
"""ln of how many times its anchor a box may be as wide while it learns: exp must not overflow."""


@MODELS.register_module()
class IouYoloHead(ClippedBoxes, YOLOV3Head):
    """Coupled YOLO head whose boxes learn by an IoU loss.

    Args:
        in_channels: Channels per level, in the order of ``featmap_strides``.
        loss_bbox: Loss of decoded boxes (n, 4), e.g. mmdet's ``CIoULoss``.
        bridge: Kind of the 3 x 3 convolution before the predictions, see :class:`Spatial`; None
            for none, as in YOLOv5.
        groups: Of a ``grouped`` bridge.
        overlap_targets: Whether objectness is to be the overlap of the box (else 1) where there is
            a landslide.
        **options: Those of mmdet's ``YOLOV3Head``; ``loss_conf`` and ``loss_cls`` must sum
            (``reduction='sum'``), they are divided by the number of boxes here.

    Shapes:
        - input: (N, C_l, H / s_l, W / s_l) per level
        - output: (N, A (5 + K), H / s_l, W / s_l) per level: for each of A anchors the box,
          objectness and K classes
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int],
        loss_bbox: dict[str, Any],
        bridge: str | None = Spatial.DENSE,
        groups: int = 4,
        overlap_targets: bool = True,
        **options: Any,
    ) -> None:
        self._bridge, self._groups = bridge, groups
        if bridge is None:
            options['out_channels'] = in_channels
        super().__init__(in_channels=in_channels, **options)
        del self.loss_xy, self.loss_wh
        self.loss_bbox = MODELS.build(loss_bbox)
        self.overlap_targets = overlap_targets

    def _init_layers(self) -> None:
        self.convs_bridge = nn.ModuleList(
            nn.Identity()
            if self._bridge is None
            else spatial_convolution(
                inputs, outputs, kind=self._bridge, groups=self._groups, act=self.act_cfg
            )
            for inputs, outputs in zip(self.in_channels, self.out_channels, strict=True)
        )
        self.convs_pred = nn.ModuleList(
            nn.Conv2d(width, self.num_base_priors * self.num_attrib, 1)
            for width in self.out_channels
        )

    def loss_by_feat(
        self,
        pred_maps: Sequence[Tensor],
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict[str, Any]],
        batch_gt_instances_ignore: list[InstanceData] | None = None,
    ) -> dict[str, Tensor]:
        """Losses of boxes, objectness and classes, each per box that is taught.

        Args:
            pred_maps: See the class.
            batch_gt_instances: With ``bboxes`` (n, 4), pixels, and ``labels`` (n,).
            batch_img_metas: Not looked at.
            batch_gt_instances_ignore: Not looked at, as in mmdet's YOLOv3.
        """
        sizes = [level.shape[-2:] for level in pred_maps]
        priors = self.prior_generator.grid_priors(sizes, device=pred_maps[0].device)
        count = len(batch_gt_instances)
        flags = [
            self.responsible_flags(sizes, truth.bboxes, pred_maps[0].device)
            for truth in batch_gt_instances
        ]
        targets, negatives = self.get_targets([priors] * count, flags, batch_gt_instances)
        target = torch.cat(targets, 1)  # (N, P, 5 + K) of P anchors on all levels
        negative = torch.cat(negatives, 1).bool()  # (N, P)
        given = torch.cat(
            [level.permute(0, 2, 3, 1).reshape(count, -1, self.num_attrib) for level in pred_maps],
            1,
        )  # (N, P, 5 + K)
        taught = target[..., 4] > 0  # (N, P)
        anchors = torch.cat(priors).expand(count, -1, -1)[taught]  # (n, 4)
        strides = torch.cat(
            [x.new_full((len(x), 1), s) for x, s in zip(priors, self.featmap_strides, strict=True)]
        ).expand(count, -1, -1)[taught]  # (n, 1)
        boxes = self._boxes(anchors, given[taught], strides)
        true = self.bbox_coder.decode(anchors, target[taught][:, :4], strides)
        objectness = target[..., 4].clone()  # (N, P)
        if self.overlap_targets:
            objectness[taught] = bbox_overlaps(boxes.detach(), true, is_aligned=True)
        # in single precision mmdet's CIoU is 0 / 0 for a box that fits to the last bit
        misfit = self.loss_bbox(boxes.double(), true.double(), reduction_override='sum')
        per_box = 1 / taught.sum().clamp_min(1)
        counts = (taught | negative).float()  # the rest overlaps a landslide without being its box
        return {
            'loss_bbox': misfit.to(boxes) * per_box,
            # (N P, 1): mmdet's losses ask for a class dimension
            'loss_conf': self.loss_conf(
                given[..., 4].reshape(-1, 1),
                objectness.reshape(-1, 1),
                weight=counts.reshape(-1, 1),
            )
            * per_box,
            'loss_cls': self.loss_cls(given[taught][:, 5:], target[taught][:, 5:]) * per_box,
        }

    def _boxes(self, anchors: Tensor, given: Tensor, strides: Tensor) -> Tensor:
        """Boxes (n, 4) of raw predictions (n, 5 + K)."""
        growth = given[:, 2:4].clamp_max(MOST_LOG_GROWTH)
        encoded = torch.cat([given[:, :2].sigmoid(), growth], 1)
        boxes: Tensor = self.bbox_coder.decode(anchors, encoded, strides)
        return boxes
