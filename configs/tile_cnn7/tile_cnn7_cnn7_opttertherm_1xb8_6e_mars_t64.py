"""A CNN of seven layers: tells landslide tiles from others on all Mars layers, stacked.

Run: python tools/train.py configs/tile_cnn7/tile_cnn7_cnn7_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.tile_classifier import *
    from .._base_.zoo.classification import *

from mmpretrain.models import StackedLinearClsHead

from fusionls.models.encoders import PlainCnn, StackedEncoder
from fusionls.models.necks.grid_pooling import GridPooling

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(type=PlainCnn, widths=[32, 64, 128, 128, 256]),
    ),
    neck=dict(type=GridPooling, cells=2),
    head=dict(
        type=StackedLinearClsHead,
        in_channels=256 * 2 * 2,
        mid_channels=[256],
        dropout_rate=0.5,
    ),
)
