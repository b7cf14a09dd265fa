"""SeaFormer-S with its light head on all Mars layers, stacked.

Run: python tools/train.py configs/seaformer/seaformer_small_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .seaformer_tiny_opttertherm_1xb8_6e_mars_t64 import *

model['backbone']['encoder'].update(variant='small')
model['decode_head'].update(in_channels=[48, 160, 192], widths=[96, 128])
