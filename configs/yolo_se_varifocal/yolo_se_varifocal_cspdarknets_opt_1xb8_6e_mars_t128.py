"""YOLOv5s with squeeze and excitation and varifocal loss on the optical layers alone.

Run: python tools/train.py
configs/yolo_se_varifocal/yolo_se_varifocal_cspdarknets_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .yolo_se_varifocal_cspdarknets_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
