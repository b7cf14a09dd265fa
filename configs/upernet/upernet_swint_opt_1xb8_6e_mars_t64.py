"""UPerNet with Swin-T on the optical layers alone.

Run: python tools/train.py configs/upernet/upernet_swint_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .upernet_swint_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
