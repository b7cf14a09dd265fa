"""SegNeXt-T on the optical layers alone.

Run: python tools/train.py configs/segnext/segnext_mscant_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .segnext_mscant_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
