"""YOLACT with a ResNet-50 on all Mars layers, stacked.

Run: python tools/train.py configs/yolact/yolact_resnet50_opttertherm_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.yolact import *
    from .._base_.zoo.instances import *

model.update(data_preprocessor=preprocessor)
model['backbone'].update(channels=channels)
optim_wrapper['optimizer'].update(lr=2e-4)
