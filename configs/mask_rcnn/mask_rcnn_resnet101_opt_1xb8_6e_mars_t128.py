"""Mask R-CNN with a ResNet-101 and FPN on the optical layers alone.

Run: python tools/train.py configs/mask_rcnn/mask_rcnn_resnet101_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .mask_rcnn_resnet101_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
