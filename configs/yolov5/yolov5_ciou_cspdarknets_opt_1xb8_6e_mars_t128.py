"""YOLOv5s whose boxes learn by CIoU, on the optical layers alone: boxes of landslides.

Run: python tools/train.py configs/yolov5/yolov5_ciou_cspdarknets_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .yolov5_ciou_cspdarknets_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
