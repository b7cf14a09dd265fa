"""Dice loss of the landslide class.

Run: python tools/train.py configs/scarce/scarce_dice_lite0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .scarce_crossentropy_lite0_opttertherm_1xb8_6e_mars_t64 import *

from fusionls.models.losses import LandslideDiceLoss

model['decode_head']['loss_decode'] = dict(type=LandslideDiceLoss)
