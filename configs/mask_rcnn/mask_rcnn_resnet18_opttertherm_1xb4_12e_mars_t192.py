"""Mask R-CNN of mmdet on the fused backbone: instances of landslides on the Mars tiles.

Every connected landslide of a tile is an instance; pieces under 16 pixels are ignored.
Run: python tools/train.py configs/mask_rcnn/mask_rcnn_resnet18_opttertherm_1xb4_12e_mars_t192.py
"""

from mmdet.models import (
    FPN,
    CrossEntropyLoss,
    FCNMaskHead,
    L1Loss,
    MaskRCNN,
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
from mmengine.config import read_base

with read_base():
    from .._base_.datasets.mars_mmls_v2 import *
    from .._base_.default_runtime import *
    from .._base_.schedules.adamw_12e import *

from mmcv.ops import RoIAlign, nms

from fusionls.datasets.transforms import PackInstanceTile
from fusionls.evaluation.metrics import LandslideInstanceMetric
from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import GatedFusion

encoder = dict(type=TimmEncoder, name='resnet18', levels=[1, 2, 3, 4])
model = dict(
    type=MaskRCNN,
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(encoder=encoder, channels=4),
            terrain=dict(encoder=encoder, channels=2),
            thermal=dict(encoder=encoder, channels=1),
        ),
        fusion=dict(type=GatedFusion),
    ),
    neck=dict(type=FPN, in_channels=[64, 128, 256, 512], out_channels=128, num_outs=5),
    rpn_head=dict(
        type=RPNHead,
        in_channels=128,
        feat_channels=128,
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
            out_channels=128,
            featmap_strides=[4, 8, 16, 32],
        ),
        bbox_head=dict(
            type=Shared2FCBBoxHead,
            in_channels=128,
            fc_out_channels=256,
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
        mask_roi_extractor=dict(
            type=SingleRoIExtractor,
            roi_layer=dict(type=RoIAlign, output_size=14, sampling_ratio=0),
            out_channels=128,
            featmap_strides=[4, 8, 16, 32],
        ),
        mask_head=dict(
            type=FCNMaskHead,
            num_convs=2,
            in_channels=128,
            conv_out_channels=128,
            num_classes=1,
            loss_mask=dict(type=CrossEntropyLoss, use_mask=True),
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
                num=128,
                pos_fraction=0.5,
                neg_pos_ub=-1,
                add_gt_as_proposals=False,
            ),
            allowed_border=-1,
            pos_weight=-1,
            debug=False,
        ),
        rpn_proposal=dict(
            nms_pre=500,
            max_per_img=200,
            nms=dict(type=nms, iou_threshold=0.7),
            min_bbox_size=0,
        ),
        rcnn=dict(
            assigner=dict(
                type=MaxIoUAssigner,
                pos_iou_thr=0.5,
                neg_iou_thr=0.5,
                min_pos_iou=0.5,
                match_low_quality=True,
                ignore_iof_thr=0.5,
            ),
            sampler=dict(
                type=RandomSampler,
                num=128,
                pos_fraction=0.25,
                neg_pos_ub=-1,
                add_gt_as_proposals=True,
            ),
            mask_size=28,
            pos_weight=-1,
            debug=False,
        ),
    ),
    test_cfg=dict(
        rpn=dict(
            nms_pre=300,
            max_per_img=100,
            nms=dict(type=nms, iou_threshold=0.7),
            min_bbox_size=0,
        ),
        rcnn=dict(
            score_thr=0.05,
            nms=dict(type=nms, iou_threshold=0.5),
            max_per_img=50,
            mask_thr_binary=0.5,
        ),
    ),
)
train_dataloader.update(batch_size=4)
train_dataloader['dataset']['pipeline'][-1] = dict(type=PackInstanceTile)
val_dataloader['dataset']['pipeline'] = [
    dict(type=LoadTile, context=32),
    dict(type=PackInstanceTile),
]
test_dataloader['dataset']['pipeline'] = [
    dict(type=LoadTile, context=32),
    dict(type=PackInstanceTile),
]
val_evaluator = dict(type=LandslideInstanceMetric)
test_evaluator = dict(type=LandslideInstanceMetric)
custom_hooks += [averaging]
