"""SeaFormer-T taught by a Lite0 U-Net, both on the optical layers alone.

Run: python tools/train.py configs/distilled/distilled_seaformertiny_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .distilled_seaformertiny_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
