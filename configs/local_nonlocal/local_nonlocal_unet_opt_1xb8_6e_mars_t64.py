"""U-Net with local and non-local features on the optical layers alone.

Run: python tools/train.py configs/local_nonlocal/local_nonlocal_unet_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .local_nonlocal_unet_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
