"""YOLOv3 with Darknet-53 on the optical layers alone: boxes of landslides.

Run: python tools/train.py configs/yolov3/yolov3_darknet53_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .yolov3_darknet53_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
