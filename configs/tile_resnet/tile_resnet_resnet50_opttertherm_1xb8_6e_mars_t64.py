"""ResNet-50: tells landslide tiles from others on all Mars layers, stacked.

Run: python tools/train.py configs/tile_resnet/tile_resnet_resnet50_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.tile_classifier import *
    from .._base_.zoo.classification import *

from mmpretrain.models import ResNet

from fusionls.models.encoders import StackedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(type=StackedEncoder, channels=channels, encoder=dict(type=ResNet, depth=50)),
    head=dict(in_channels=2048),
)
