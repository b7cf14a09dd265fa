"""U-Net on the optical layers alone, with the data of the factors.

Run: python tools/train.py configs/unet_factors/unet_factors_base64_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .unet_factors_base64_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
