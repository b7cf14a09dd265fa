"""DeepLabV3+ with a dilated ResNet-18 on all Mars layers, stacked.

Run: python tools/train.py \
    configs/deeplabv3plus/deeplabv3plus_resnet18_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.deeplabv3plus import *
    from .._base_.zoo.semantic import *

from mmseg.models import ResNetV1c

from fusionls.models.encoders import StackedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=ResNetV1c,
            depth=18,
            strides=(1, 2, 1, 1),
            dilations=(1, 1, 2, 4),
            contract_dilation=True,
            norm_cfg=norm,
        ),
    ),
)
model['decode_head'].update(in_channels=512, channels=128, c1_in_channels=64, c1_channels=12)
model['auxiliary_head'].update(in_channels=256, channels=64)
