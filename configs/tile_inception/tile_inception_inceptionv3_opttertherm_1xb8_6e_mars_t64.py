"""Inception-v3: tells landslide tiles from others on all Mars layers, stacked.

Run: python tools/train.py
    configs/tile_inception/tile_inception_inceptionv3_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.tile_classifier import *
    from .._base_.zoo.classification import *

from fusionls.models.encoders import StackedEncoder, TimmTrunk

# tiles of 64 pixels are padded to 96 (invalid, as the mask says): it reads 75 and more
preprocessor.update(size_divisor=96)
model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder, channels=channels, encoder=dict(type=TimmTrunk, name='inception_v3')
    ),
    head=dict(in_channels=2048),
)
