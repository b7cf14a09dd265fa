"""Tversky loss: a missed landslide costs more than a false one.

Run: python tools/train.py configs/scarce/scarce_tversky_lite0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .scarce_crossentropy_lite0_opttertherm_1xb8_6e_mars_t64 import *

from mmseg.models import TverskyLoss

# of the mean over two classes, landslides alone
model['decode_head']['loss_decode'] = dict(
    type=TverskyLoss, alpha=0.3, beta=0.7, class_weight=[0.0, 2.0]
)
