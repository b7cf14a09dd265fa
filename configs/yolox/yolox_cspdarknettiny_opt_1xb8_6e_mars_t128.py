"""YOLOX-tiny on the optical layers alone: boxes of landslides.

Run: python tools/train.py configs/yolox/yolox_cspdarknettiny_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .yolox_cspdarknettiny_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
