"""Random forest on the optical layers of single pixels.

Run: python tools/train.py configs/random_forest/random_forest_trees100_opt_1xb8_1e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .random_forest_trees100_opttertherm_1xb8_1e_mars_t64 import *

modalities = ['optical']
