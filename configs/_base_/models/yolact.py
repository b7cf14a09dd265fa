"""YOLACT as mmdet has it, for tiles of 128 pixels. Owns: model, and detection_resnet.

A leaf adds data_preprocessor and the channels of the backbone. Differs from mmdet's config for
pictures of 550 pixels: strides are powers of two, as the levels of a tile are. The mask
head knows the padding of a tile.
"""

from mmengine.config import read_base

with read_base():
    from .detection_resnet import *

from mmdet.models import (
    FPN,
    YOLACT,
    CrossEntropyLoss,
    SmoothL1Loss,
    YOLACTHead,
)
from mmdet.models.task_modules import (
    AnchorGenerator,
    DeltaXYWHBBoxCoder,
    MaxIoUAssigner,
    PseudoSampler,
)

from fusionls.models.heads import PaddedProtonet

model = dict(
    type=YOLACT,
    backbone=backbone,
    neck=dict(
        type=FPN,
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        start_level=1,
        add_extra_convs='on_input',
        num_outs=5,
        upsample_cfg=dict(mode='bilinear'),
    ),
    bbox_head=dict(
        type=YOLACTHead,
        num_classes=1,
        in_channels=256,
        feat_channels=256,
        anchor_generator=dict(
            type=AnchorGenerator,
            octave_base_scale=3,
            scales_per_octave=1,
            ratios=[0.5, 1.0, 2.0],
            strides=[8, 16, 32, 64, 128],
            center_offset=0.5,
        ),
        bbox_coder=dict(
            type=DeltaXYWHBBoxCoder, target_means=[0.0] * 4, target_stds=[0.1, 0.1, 0.2, 0.2]
        ),
        loss_cls=dict(type=CrossEntropyLoss, reduction='none'),
        loss_bbox=dict(type=SmoothL1Loss, beta=1.0, loss_weight=1.5),
        num_head_convs=1,
        num_protos=32,
        use_ohem=True,
    ),
    mask_head=dict(
        type=PaddedProtonet,
        in_channels=256,
        num_protos=32,
        num_classes=1,
        max_masks_to_train=100,
        loss_mask_weight=6.125,
        with_seg_branch=True,
        loss_segm=dict(type=CrossEntropyLoss, use_sigmoid=True),
    ),
    train_cfg=dict(
        assigner=dict(
            type=MaxIoUAssigner,
            pos_iou_thr=0.5,
            neg_iou_thr=0.4,
            min_pos_iou=0.0,
            ignore_iof_thr=0.5,
            gt_max_assign_all=False,
        ),
        sampler=dict(type=PseudoSampler),
        allowed_border=-1,
        pos_weight=-1,
        neg_pos_ratio=3,
        debug=False,
    ),
    test_cfg=dict(
        nms_pre=1000,
        min_bbox_size=0,
        score_thr=0.001,
        mask_thr=0.5,
        iou_thr=0.5,
        top_k=200,
        max_per_img=100,
        mask_thr_binary=0.5,
    ),
)
