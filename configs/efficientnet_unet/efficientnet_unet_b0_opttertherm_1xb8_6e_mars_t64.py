"""U-Net with EfficientNet-B0, untrained, over all Mars layers, stacked.

Run: python tools/train.py \
    configs/efficientnet_unet/efficientnet_unet_b0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.unet_segmentor import *
    from .._base_.zoo.semantic import *

from fusionls.models.encoders import StackedEncoder, TimmEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(type=TimmEncoder, name='efficientnet_b0'),
    ),
)
model['decode_head'].update(in_channels=[16, 24, 40, 112, 320])
