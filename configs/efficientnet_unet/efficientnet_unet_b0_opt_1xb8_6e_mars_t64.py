"""U-Net with EfficientNet-B0, untrained, on the optical layers alone.

Run: python tools/train.py configs/efficientnet_unet/efficientnet_unet_b0_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .efficientnet_unet_b0_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
