"""Optical layers alone on the Mars tiles, trained with parts missing: what one modality can do.

Run: python tools/train.py configs/stacked/stacked_lite0_opt_1xb8_6e_mars_t96.py
"""

from mmengine.config import read_base

with read_base():
    from .stacked_lite0_opttertherm_1xb8_6e_mars_t96 import *

layers = dict(optical=layers['optical'])
factors = dict(optical=1)
train_dataloader['dataset'].layers = layers
train_dataloader['dataset']['pipeline'][2].offset = dict(
    optical_red=8.0, optical_green=8.0, optical_blue=8.0, optical_grey=8.0
)
val_dataloader['dataset'].layers = layers
test_dataloader['dataset'].layers = layers
model['data_preprocessor'].layers = layers
model['data_preprocessor'].factors = factors
model['backbone'].channels = dict(optical=4)
