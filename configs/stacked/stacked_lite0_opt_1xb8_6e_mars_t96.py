"""Optical layers alone on the Mars tiles, trained with parts missing: what one modality can do.

Run: python tools/train.py configs/stacked/stacked_lite0_opt_1xb8_6e_mars_t96.py
"""

from mmengine.config import read_base

with read_base():
    from .stacked_lite0_opttertherm_1xb8_6e_mars_t96 import *

modalities = ['optical']
