"""YOLOv5s with a BiFPN neck on all Mars layers, stacked: boxes of landslides.

Run: python tools/train.py
configs/yolo_bifpn/yolo_bifpn_cspdarknets_opttertherm_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.yolov5s import *

from fusionls.models.necks import BiFPN

model['neck'] = dict(type=BiFPN, in_channels=[128, 256, 512], channels=128, rounds=3)
model['bbox_head'].update(out_channels=[128, 128, 128], bridge='separable')
