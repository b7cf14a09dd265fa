"""ResU-Net with a transformer and CBAM on the optical layers alone.

Run: python tools/train.py
    configs/resunet_transformer/resunet_transformer_base64_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .resunet_transformer_base64_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
