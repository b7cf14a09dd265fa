"""A deep U-Net without constraint on the optical layers alone.

Run: python tools/train.py configs/fcdu_net/fcdu_net_unet_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .fcdu_net_unet_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
