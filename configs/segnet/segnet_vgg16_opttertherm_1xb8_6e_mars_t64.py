"""SegNet with VGG-16 on all Mars layers, stacked.

Run: python tools/train.py configs/segnet/segnet_vgg16_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.plain_unet import *
    from .._base_.zoo.semantic import *

from fusionls.models.encoders import StackedEncoder, TimmEncoder
from fusionls.models.heads import SegNetHead

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(type=TimmEncoder, name='vgg16_bn', levels=[0, 1, 2, 3, 4]),
    ),
)
model['decode_head'].update(
    type=SegNetHead, in_channels=[64, 128, 256, 512, 512], dropout_ratio=0.0
)
