"""Cross entropy of the hard pixels alone.

Run: python tools/train.py configs/scarce/scarce_ohem_lite0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .scarce_crossentropy_lite0_opttertherm_1xb8_6e_mars_t64 import *

from mmseg.structures import OHEMPixelSampler

# a sixteenth of a tile is kept in any case
model['decode_head']['sampler'] = dict(type=OHEMPixelSampler, thresh=0.7, min_kept=256)
