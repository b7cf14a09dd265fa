"""U-Net with EfficientNet-Lite0 and its ImageNet weights on all Mars layers, stacked.

Run: python tools/train.py \
    configs/efficientnet_unet/efficientnet_unet_lite0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.lite0 import *
    from .._base_.models.unet_segmentor import *
    from .._base_.zoo.semantic import *

from fusionls.models.encoders import StackedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(type=StackedEncoder, channels=channels, encoder=encoder, pretrained=weights),
)
model['decode_head'].update(in_channels=widths)
