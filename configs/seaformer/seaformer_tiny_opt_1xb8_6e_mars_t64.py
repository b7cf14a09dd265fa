"""SeaFormer-T with its light head on the optical layers alone.

Run: python tools/train.py configs/seaformer/seaformer_tiny_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .seaformer_tiny_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
