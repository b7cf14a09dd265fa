"""Thermal layers alone on the Mars tiles, trained with parts missing: what one modality can do.

Run: python tools/train.py configs/stacked/stacked_lite0_therm_1xb8_6e_mars_t96.py
"""

from mmengine.config import read_base

with read_base():
    from .stacked_lite0_opttertherm_1xb8_6e_mars_t96 import *

layers = dict(thermal=layers['thermal'])
factors = dict(thermal=1)
train_dataloader['dataset'].layers = layers
train_dataloader['dataset']['pipeline'][2].offset = dict(thermal_inertia=8.0)
val_dataloader['dataset'].layers = layers
test_dataloader['dataset'].layers = layers
model['data_preprocessor'].layers = layers
model['data_preprocessor'].factors = factors
model['backbone'].channels = dict(thermal=1)
