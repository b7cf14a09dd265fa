"""A ResNet-18 screens tiles, FCN with ResNet-50 maps the candidates; the optical layers alone.

Run: python tools/train.py configs/two_stage/two_stage_resnet18fcn50_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .two_stage_resnet18fcn50_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
