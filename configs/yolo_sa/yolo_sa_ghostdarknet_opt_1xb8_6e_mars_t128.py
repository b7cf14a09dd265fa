"""YOLO-SA, a slim YOLOv4 with attention, on the optical layers alone: boxes of landslides.

Run: python tools/train.py configs/yolo_sa/yolo_sa_ghostdarknet_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .yolo_sa_ghostdarknet_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
