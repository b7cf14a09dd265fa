"""YOLOv5s whose boxes learn by GIoU, on all Mars layers, stacked: boxes of landslides.

Run: python tools/train.py configs/yolov5/yolov5_giou_cspdarknets_opttertherm_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.yolov5s import *

from mmdet.models import GIoULoss

model['bbox_head'].update(loss_bbox=dict(type=GIoULoss, loss_weight=2.0))
