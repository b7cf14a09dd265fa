"""LandsNet on the optical layers alone.

Run: python tools/train.py configs/landsnet/landsnet_base32_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .landsnet_base32_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
