"""R-CNN with an AlexNet on the optical layers alone.

Run: python tools/train.py configs/rcnn/rcnn_alexnet_opt_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .rcnn_alexnet_opttertherm_1xb8_6e_mars_t128 import *

modalities = ['optical']
