"""YOLOX-tiny on all Mars layers, stacked: boxes of landslides.

Run: python tools/train.py configs/yolox/yolox_cspdarknettiny_opttertherm_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.yolox_tiny import *
    from .._base_.zoo.boxes import *

model.update(data_preprocessor=preprocessor)
model['backbone'].update(channels=channels)
