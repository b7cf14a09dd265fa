"""The attention CNN of the three-module network, on the optical layers alone.

Run: python tools/train.py configs/three_module/three_module_resnet18mitb0_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .three_module_resnet18mitb0_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
