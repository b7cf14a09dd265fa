"""YOLOv5s, of parts of mmdet and the head with an IoU loss.

Owns: norm, model, and what anchor_yolo owns. Leaves change its neck, its attention or its losses.
Running statistics follow at torch's rate of 0.1; mmdet's 0.03 would lag in a schedule this short.
"""

from mmengine.config import read_base

with read_base():
    from .anchor_yolo import *

from mmdet.models import YOLOXPAFPN, CIoULoss, SingleStageDetector
from mmdet.models.task_modules import YOLOAnchorGenerator
from torch.nn import BatchNorm2d

from fusionls.models.encoders import CspDarknetEncoder, StackedEncoder
from fusionls.models.heads import IouYoloHead

norm = dict(type=BatchNorm2d)
model = dict(
    type=SingleStageDetector,
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(type=CspDarknetEncoder, deepen_factor=0.33, widen_factor=0.5, norm_cfg=norm),
    ),
    neck=dict(
        type=YOLOXPAFPN,
        in_channels=[128, 256, 512],
        out_channels=128,
        num_csp_blocks=1,
        norm_cfg=norm,
    ),
    bbox_head=dict(
        type=IouYoloHead,
        num_classes=1,
        in_channels=[128, 128, 128],
        bridge=None,
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
