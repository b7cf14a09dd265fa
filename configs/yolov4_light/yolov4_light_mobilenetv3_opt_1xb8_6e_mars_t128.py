"""A light YOLOv4 with MobileNetV3 on the optical layers alone: boxes of landslides.

Run: python tools/train.py
configs/yolov4_light/yolov4_light_mobilenetv3_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .yolov4_light_mobilenetv3_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
