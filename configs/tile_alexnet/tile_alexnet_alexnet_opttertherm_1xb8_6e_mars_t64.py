"""AlexNet: tells landslide tiles from others on all Mars layers, stacked.

Run: python tools/train.py configs/tile_alexnet/tile_alexnet_alexnet_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.tile_classifier import *
    from .._base_.zoo.classification import *

from mmpretrain.models import AlexNet, StackedLinearClsHead

from fusionls.models.encoders import StackedEncoder
from fusionls.models.necks.grid_pooling import GridPooling

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(type=StackedEncoder, channels=channels, encoder=dict(type=AlexNet)),
    neck=dict(type=GridPooling, cells=6),
    head=dict(
        type=StackedLinearClsHead,
        in_channels=256 * 6 * 6,
        mid_channels=[4096, 4096],
        dropout_rate=0.5,
    ),
)
optim_wrapper.update(optimizer=dict(lr=1e-4))  # without batch norm its units die at 1e-3
