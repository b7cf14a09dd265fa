"""SSD with VGG-16 as mmdet has it, for tiles of 128 pixels. Owns: model.

A leaf adds data_preprocessor and the channels of the backbone. SSD300 whose levels are those of
128 pixels (16, 8, 4, 2, 1 and 1): the last two extra layers halve as the first two do, and anchors
are SSD300's times 128 / 300.
"""

from mmcv.ops import nms
from mmdet.models import SSDVGG, SingleStageDetector, SSDNeck
from mmdet.models.task_modules import (
    DeltaXYWHBBoxCoder,
    MaxIoUAssigner,
    PseudoSampler,
    SSDAnchorGenerator,
)

from fusionls.models.encoders import StackedEncoder
from fusionls.models.heads import SSDBoxHead

model = dict(
    type=SingleStageDetector,
    backbone=dict(
        type=StackedEncoder,
        encoder=dict(
            type=SSDVGG,
            depth=16,
            with_last_pool=False,
            ceil_mode=True,
            out_indices=(3, 4),
            out_feature_indices=(22, 34),
        ),
    ),
    neck=dict(
        type=SSDNeck,
        in_channels=(512, 1024),
        out_channels=(512, 1024, 512, 256, 256, 256),
        level_strides=(2, 2, 2, 2),
        level_paddings=(1, 1, 1, 1),
        l2_norm_scale=20,
    ),
    bbox_head=dict(
        type=SSDBoxHead,
        in_channels=(512, 1024, 512, 256, 256, 256),
        num_classes=1,
        anchor_generator=dict(
            type=SSDAnchorGenerator,
            scale_major=False,
            min_sizes=[9, 19, 42, 65, 88, 111],
            max_sizes=[19, 42, 65, 88, 111, 134],
            strides=[8, 16, 32, 64, 128, 128],
            ratios=[[2], [2, 3], [2, 3], [2, 3], [2], [2]],
        ),
        bbox_coder=dict(
            type=DeltaXYWHBBoxCoder, target_means=[0.0] * 4, target_stds=[0.1, 0.1, 0.2, 0.2]
        ),
    ),
    train_cfg=dict(
        assigner=dict(
            type=MaxIoUAssigner,
            pos_iou_thr=0.5,
            neg_iou_thr=0.5,
            min_pos_iou=0.0,
            ignore_iof_thr=0.5,
            gt_max_assign_all=False,
        ),
        sampler=dict(type=PseudoSampler),
        smoothl1_beta=1.0,
        allowed_border=-1,
        pos_weight=-1,
        neg_pos_ratio=3,
        debug=False,
    ),
    test_cfg=dict(
        nms_pre=1000,
        nms=dict(type=nms, iou_threshold=0.45),
        min_bbox_size=0,
        score_thr=0.001,
        max_per_img=200,
    ),
)
