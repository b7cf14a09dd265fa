"""SeaFormer-B with its light head on all Mars layers, stacked.

Run: python tools/train.py configs/seaformer/seaformer_base_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .seaformer_tiny_opttertherm_1xb8_6e_mars_t64 import *

model['backbone']['encoder'].update(variant='base')
model['decode_head'].update(in_channels=[64, 192, 256], widths=[128, 160])
