"""YOLOv5s with squeeze and excitation and varifocal loss on all Mars layers, stacked.

Run: python tools/train.py
configs/yolo_se_varifocal/yolo_se_varifocal_cspdarknets_opttertherm_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.yolov5s import *

from mmdet.models import VarifocalLoss

model['backbone']['encoder'].update(squeeze=True)
model['bbox_head'].update(loss_conf=dict(type=VarifocalLoss, reduction='sum'))
