"""AlexNet: tells landslide tiles from others on the optical layers alone.

Run: python tools/train.py configs/tile_alexnet/tile_alexnet_alexnet_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .tile_alexnet_alexnet_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
