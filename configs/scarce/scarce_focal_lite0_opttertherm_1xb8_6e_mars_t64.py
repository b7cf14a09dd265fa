"""Focal loss: easy pixels count little.

Run: python tools/train.py configs/scarce/scarce_focal_lite0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .scarce_crossentropy_lite0_opttertherm_1xb8_6e_mars_t64 import *

from fusionls.models.losses import LandslideFocalLoss

model['decode_head']['loss_decode'] = dict(type=LandslideFocalLoss, gamma=2.0, alpha=0.25)
