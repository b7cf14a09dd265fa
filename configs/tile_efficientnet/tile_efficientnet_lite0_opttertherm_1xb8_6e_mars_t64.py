"""EfficientNet-Lite0 (ImageNet): tells landslide tiles from others on all Mars layers, stacked.

Run: python tools/train.py
    configs/tile_efficientnet/tile_efficientnet_lite0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.lite0 import *
    from .._base_.models.tile_classifier import *
    from .._base_.zoo.classification import *

from fusionls.models.encoders import StackedEncoder, TimmTrunk

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(type=TimmTrunk, name='tf_efficientnet_lite0'),
        pretrained=weights,
    ),
    head=dict(in_channels=1280),
)
