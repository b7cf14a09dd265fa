"""YOLOv5s whose boxes learn by CIoU, on all Mars layers, stacked: boxes of landslides.

Run: python tools/train.py configs/yolov5/yolov5_ciou_cspdarknets_opttertherm_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.yolov5s import *
