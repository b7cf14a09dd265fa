"""FATransUNet with ResNet-50 on the optical layers alone.

Run: python tools/train.py configs/fatransunet/fatransunet_r50_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .fatransunet_r50_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
