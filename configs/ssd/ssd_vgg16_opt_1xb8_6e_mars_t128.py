"""SSD with a VGG-16 on the optical layers alone.

Run: python tools/train.py configs/ssd/ssd_vgg16_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .ssd_vgg16_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
