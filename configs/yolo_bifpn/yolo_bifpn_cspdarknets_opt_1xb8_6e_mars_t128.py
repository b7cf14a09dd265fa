"""YOLOv5s with a BiFPN neck on the optical layers alone: boxes of landslides.

Run: python tools/train.py configs/yolo_bifpn/yolo_bifpn_cspdarknets_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .yolo_bifpn_cspdarknets_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
