"""DETR with a ResNet-50 on the optical layers alone.

Run: python tools/train.py configs/detr/detr_resnet50_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .detr_resnet50_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
