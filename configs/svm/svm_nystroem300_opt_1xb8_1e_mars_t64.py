"""Support vector machine with a radial kernel (Nystroem) on the optical layers of single pixels.

Run: python tools/train.py configs/svm/svm_nystroem300_opt_1xb8_1e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .svm_nystroem300_opttertherm_1xb8_1e_mars_t64 import *

modalities = ['optical']
