"""SegFormer-B0 on the optical layers alone.

Run: python tools/train.py configs/segformer/segformer_mitb0_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .segformer_mitb0_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
