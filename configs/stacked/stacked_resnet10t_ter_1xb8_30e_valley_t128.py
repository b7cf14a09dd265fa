"""Terrain alone on simulated valleys: what the other sensors add to.

Run: python tools/train.py configs/stacked/stacked_resnet10t_ter_1xb8_30e_valley_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .stacked_resnet10t_optterinslid_1xb8_30e_valley_t128 import *

modalities = ['terrain']
