"""YOLOv3 with Darknet-53 on all Mars layers, stacked: boxes of landslides.

Run: python tools/train.py configs/yolov3/yolov3_darknet53_opttertherm_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.anchor_yolo import *

from mmdet.models import YOLOV3, CrossEntropyLoss, Darknet, MSELoss, YOLOV3Neck
from mmdet.models.task_modules import YOLOAnchorGenerator

from fusionls.models.encoders import StackedEncoder
from fusionls.models.heads import ClippedYolov3Head

model = dict(
    type=YOLOV3,
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(type=Darknet, depth=53, out_indices=(3, 4, 5), norm_eval=False),
    ),
    neck=dict(
        type=YOLOV3Neck, num_scales=3, in_channels=[1024, 512, 256], out_channels=[512, 256, 128]
    ),
    bbox_head=dict(
        type=ClippedYolov3Head,
        num_classes=1,
        in_channels=[512, 256, 128],
        out_channels=[1024, 512, 256],
        featmap_strides=[32, 16, 8],
        anchor_generator=dict(
            type=YOLOAnchorGenerator, base_sizes=[large, medium, small], strides=[32, 16, 8]
        ),
        bbox_coder=coder,
        loss_cls=entropy,
        loss_conf=entropy,
        loss_xy=dict(type=CrossEntropyLoss, use_sigmoid=True, loss_weight=2.0, reduction='sum'),
        loss_wh=dict(type=MSELoss, loss_weight=2.0, reduction='sum'),
    ),
    train_cfg=assigning,
    test_cfg=deciding,
)
