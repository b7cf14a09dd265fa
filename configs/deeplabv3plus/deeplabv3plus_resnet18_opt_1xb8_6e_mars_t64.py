"""DeepLabV3+ with a dilated ResNet-18 on the optical layers alone.

Run: python tools/train.py configs/deeplabv3plus/deeplabv3plus_resnet18_opt_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .deeplabv3plus_resnet18_opttertherm_1xb8_6e_mars_t64 import *

modalities = ['optical']
