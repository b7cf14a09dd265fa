"""Faster R-CNN with FPN as mmdet has it, for tiles of 128 pixels.

Owns: model, and what detection_resnet owns.
A leaf adds data_preprocessor and the channels of the backbone. Differs from mmdet's configs for
pictures of 800 pixels: anchors are half of theirs (16 to 256 pixels; at a quarter they would lie
too far apart, for the strides stay), fewer boxes are proposed, 64 are sampled as in Fast R-CNN
(Girshick 2015, sec. 2.3), and boxes that lie in ignored pieces are no negatives.
"""

from mmengine.config import read_base

with read_base():
    from .detection_resnet import *

from mmcv.ops import RoIAlign, nms
from mmdet.models import (
    FPN,
    CrossEntropyLoss,
    FasterRCNN,
    L1Loss,
    RPNHead,
    Shared2FCBBoxHead,
    SingleRoIExtractor,
    StandardRoIHead,
)
from mmdet.models.task_modules import (
    AnchorGenerator,
    DeltaXYWHBBoxCoder,
    MaxIoUAssigner,
    RandomSampler,
)

model = dict(
    type=FasterRCNN,
    backbone=backbone,
    neck=dict(type=FPN, in_channels=[256, 512, 1024, 2048], out_channels=256, num_outs=5),
    rpn_head=dict(
        type=RPNHead,
        in_channels=256,
        feat_channels=256,
        anchor_generator=dict(
            type=AnchorGenerator, scales=[4], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32, 64]
        ),
        bbox_coder=dict(type=DeltaXYWHBBoxCoder, target_means=[0.0] * 4, target_stds=[1.0] * 4),
        loss_cls=dict(type=CrossEntropyLoss, use_sigmoid=True),
        loss_bbox=dict(type=L1Loss),
    ),
    roi_head=dict(
        type=StandardRoIHead,
        bbox_roi_extractor=dict(
            type=SingleRoIExtractor,
            roi_layer=dict(type=RoIAlign, output_size=7, sampling_ratio=0),
            out_channels=256,
            featmap_strides=[4, 8, 16, 32],
            finest_scale=56,
        ),
        bbox_head=dict(
            type=Shared2FCBBoxHead,
            in_channels=256,
            fc_out_channels=1024,
            roi_feat_size=7,
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
        rpn=dict(
            assigner=dict(
                type=MaxIoUAssigner,
                pos_iou_thr=0.7,
                neg_iou_thr=0.3,
                min_pos_iou=0.3,
                match_low_quality=True,
                ignore_iof_thr=0.5,
            ),
            sampler=dict(
                type=RandomSampler,
                num=256,
                pos_fraction=0.5,
                neg_pos_ub=-1,
                add_gt_as_proposals=False,
            ),
            allowed_border=-1,
            pos_weight=-1,
            debug=False,
        ),
        rpn_proposal=dict(
            nms_pre=1000, max_per_img=300, nms=dict(type=nms, iou_threshold=0.7), min_bbox_size=0
        ),
        rcnn=dict(
            assigner=dict(
                type=MaxIoUAssigner,
                pos_iou_thr=0.5,
                neg_iou_thr=0.5,
                min_pos_iou=0.5,
                match_low_quality=False,
                ignore_iof_thr=0.5,
            ),
            sampler=dict(
                type=RandomSampler,
                num=64,
                pos_fraction=0.25,
                neg_pos_ub=-1,
                add_gt_as_proposals=True,
            ),
            pos_weight=-1,
            debug=False,
        ),
    ),
    test_cfg=dict(
        rpn=dict(
            nms_pre=1000, max_per_img=300, nms=dict(type=nms, iou_threshold=0.7), min_bbox_size=0
        ),
        rcnn=dict(score_thr=0.001, nms=dict(type=nms, iou_threshold=0.5), max_per_img=100),
    ),
)
