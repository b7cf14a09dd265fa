"""YOLO-SA, a slim YOLOv4 with attention, on all Mars layers, stacked: boxes of landslides.

Run: python tools/train.py configs/yolo_sa/yolo_sa_ghostdarknet_opttertherm_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.yolov4_light import *

from fusionls.models.encoders import GhostDarknet

model['backbone']['encoder'] = dict(type=GhostDarknet, stem=16, widths=[16, 32, 64, 112, 176])
model['neck'].update(in_channels=[64, 112, 176], widths=[32, 64, 128], kind='grouped')
model['bbox_head'].update(in_channels=[32, 64, 128], out_channels=[64, 128, 256], bridge='grouped')
