"""Fast R-CNN with a ResNet-50 and FPN on the optical layers alone.

Run: python tools/train.py configs/fast_rcnn/fast_rcnn_resnet50_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .fast_rcnn_resnet50_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
