"""Cross entropy alone, every pixel alike: what the others of this folder are held against.

Run: python tools/train.py configs/scarce/scarce_crossentropy_lite0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from ..efficientnet_unet.efficientnet_unet_lite0_opttertherm_1xb8_6e_mars_t64 import *

from mmseg.models import CrossEntropyLoss

model['decode_head']['loss_decode'] = dict(type=CrossEntropyLoss, avg_non_ignore=True)
