"""ResNet-50: tells landslide tiles from others on the optical layers alone.

Run: python tools/train.py configs/tile_resnet/tile_resnet_resnet50_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .tile_resnet_resnet50_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
