"""TransUNet with R50-ViT-B/16 on the optical layers alone.

Run: python tools/train.py configs/transunet/transunet_r50vitb16_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .transunet_r50vitb16_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
