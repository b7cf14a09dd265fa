"""YOLOX-tiny of mmdet over stacked layers. Owns: norm, model.

A leaf adds data_preprocessor and the channels of the backbone. Running statistics follow at torch's
rate of 0.1; mmdet's 0.03 would lag in a schedule as short as the zoo's. Of two boxes with an IoU of
0.45 the better stays (mmdet: 0.65): no two landslides of the Mars tiles overlap so far.
"""

from mmcv.ops import nms
from mmdet.models import YOLOX, YOLOXPAFPN
from mmdet.models.task_modules import SimOTAAssigner
from torch.nn import BatchNorm2d

from fusionls.models.encoders import CspDarknetEncoder, StackedEncoder
from fusionls.models.heads import ClippedYoloxHead

norm = dict(type=BatchNorm2d)
model = dict(
    type=YOLOX,
    backbone=dict(
        type=StackedEncoder,
        encoder=dict(type=CspDarknetEncoder, deepen_factor=0.33, widen_factor=0.375, norm_cfg=norm),
    ),
    neck=dict(
        type=YOLOXPAFPN,
        in_channels=[96, 192, 384],
        out_channels=96,
        num_csp_blocks=1,
        norm_cfg=norm,
    ),
    bbox_head=dict(
        type=ClippedYoloxHead, num_classes=1, in_channels=96, feat_channels=96, norm_cfg=norm
    ),
    train_cfg=dict(assigner=dict(type=SimOTAAssigner, center_radius=2.5)),
    test_cfg=dict(score_thr=0.001, nms=dict(type=nms, iou_threshold=0.45)),
)
