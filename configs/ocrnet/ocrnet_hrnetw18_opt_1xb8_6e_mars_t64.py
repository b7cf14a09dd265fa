"""HRNet-W18 with object-contextual representations on the optical layers alone.

Run: python tools/train.py configs/ocrnet/ocrnet_hrnetw18_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .ocrnet_hrnetw18_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
