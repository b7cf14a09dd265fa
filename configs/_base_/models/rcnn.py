"""R-CNN: every proposed box is cut out, warped to 64 pixels and judged by an AlexNet of its own.

Owns: model. A leaf adds data_preprocessor and the channels of the backbone. The parts are those of
mmdet's Fast R-CNN; only what it pools are the layers themselves, and its head is the network.
"""

from mmcv.ops import RoIAlign
from mmdet.models import CrossEntropyLoss, FastRCNN, L1Loss, SingleRoIExtractor, StandardRoIHead
from mmdet.models.task_modules import DeltaXYWHBBoxCoder, MaxIoUAssigner, RandomSampler
from mmcv.ops import nms

from fusionls.models.encoders import PictureEncoder, StackedEncoder
from fusionls.models.heads import CropBBoxHead

model = dict(
    type=FastRCNN,
    backbone=dict(type=StackedEncoder, encoder=dict(type=PictureEncoder)),
    roi_head=dict(
        type=StandardRoIHead,
        bbox_roi_extractor=dict(
            type=SingleRoIExtractor,
            roi_layer=dict(type=RoIAlign, output_size=64, sampling_ratio=1),
            out_channels=3,
            featmap_strides=[1],
        ),
        bbox_head=dict(
            type=CropBBoxHead,
            num_classes=1,
            bbox_coder=dict(
                type=DeltaXYWHBBoxCoder,
                target_means=[0.0] * 4,
                target_stds=[0.1, 0.1, 0.2, 0.2],
            ),
            loss_cls=dict(type=CrossEntropyLoss),
            loss_bbox=dict(type=L1Loss),
        ),
    ),
    train_cfg=dict(
        rcnn=dict(
            assigner=dict(
                type=MaxIoUAssigner,
                pos_iou_thr=0.5,
                neg_iou_thr=0.5,
                min_pos_iou=0.5,
                match_low_quality=False,
                ignore_iof_thr=0.5,
            ),
            # 32 landslides and 96 others a batch in the paper; here the same share of each tile
            sampler=dict(
                type=RandomSampler,
                num=32,
                pos_fraction=0.25,
                neg_pos_ub=-1,
                add_gt_as_proposals=True,
            ),
            pos_weight=-1,
            debug=False,
        )
    ),
    test_cfg=dict(
        rcnn=dict(score_thr=0.05, nms=dict(type=nms, iou_threshold=0.3), max_per_img=100)
    ),
)
