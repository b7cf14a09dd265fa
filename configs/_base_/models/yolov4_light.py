"""A light YOLOv4: MobileNetV3, SPP and PANet of separable convolutions.

Owns: norm, model, and what anchor_yolo owns. Leaves change its encoder and the kind of convolution.
Running statistics follow at torch's rate of 0.1; MobileNetV3's 0.01 would lag in a schedule this
short.
"""

from mmengine.config import read_base

with read_base():
    from .anchor_yolo import *

from mmdet.models import CIoULoss, SingleStageDetector
from mmdet.models.task_modules import YOLOAnchorGenerator
from torch.nn import BatchNorm2d

from fusionls.models.encoders import CoordinateMobileNet, StackedEncoder
from fusionls.models.heads import IouYoloHead
from fusionls.models.necks import SppPanet

norm = dict(type=BatchNorm2d)
model = dict(
    type=SingleStageDetector,
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(type=CoordinateMobileNet, norm_cfg=norm),
    ),
    neck=dict(type=SppPanet, in_channels=[40, 112, 960], widths=[128, 256, 512], kind='separable'),
    bbox_head=dict(
        type=IouYoloHead,
        num_classes=1,
        in_channels=[128, 256, 512],
        out_channels=[256, 512, 1024],
        bridge='separable',
        overlap_targets=False,
        featmap_strides=[8, 16, 32],
        anchor_generator=dict(
            type=YOLOAnchorGenerator, base_sizes=[small, medium, large], strides=[8, 16, 32]
        ),
        bbox_coder=coder,
        loss_bbox=dict(type=CIoULoss, loss_weight=2.0),
        loss_conf=entropy,
        loss_cls=entropy,
    ),
    train_cfg=assigning,
    test_cfg=deciding,
)
