"""Mask R-CNN with a ResNet-101 and FPN on all Mars layers and landslide factors, stacked.

The factors (aspect, curvatures, relief) are derived from the elevation as tiles are read.
Run: python tools/train.py configs/mask_rcnn/mask_rcnn_resnet101_opttertherm_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .mask_rcnn_resnet50_opttertherm_1xb8_6e_mars_t128 import *

model['backbone']['encoder'].update(depth=101)
