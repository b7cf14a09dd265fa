"""The channel-fusion CNN on the optical layers alone.

Run: python tools/train.py configs/channel_fusion/channel_fusion_resnet18_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .channel_fusion_resnet18_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
