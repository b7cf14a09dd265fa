"""FFS-Net on the optical layers alone.

Run: python tools/train.py configs/ffs_net/ffs_net_resnet34_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .ffs_net_resnet34_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
