"""Boundary loss, which counts distances from the outline, beside cross entropy.

Run: python tools/train.py configs/scarce/scarce_boundary_lite0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .scarce_crossentropy_lite0_opttertherm_1xb8_6e_mars_t64 import *

from mmseg.models import CrossEntropyLoss

from fusionls.models.losses import LandslideBoundaryLoss

model['decode_head']['loss_decode'] = [
    dict(type=CrossEntropyLoss, avg_non_ignore=True),
    dict(type=LandslideBoundaryLoss, loss_weight=0.01),
]
