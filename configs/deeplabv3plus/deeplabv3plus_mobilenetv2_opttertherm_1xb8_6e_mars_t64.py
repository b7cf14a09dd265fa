"""DeepLabV3+ with a dilated MobileNetV2 on all Mars layers, stacked.

Run: python tools/train.py \
    configs/deeplabv3plus/deeplabv3plus_mobilenetv2_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.deeplabv3plus import *
    from .._base_.zoo.semantic import *

from mmseg.models import MobileNetV2

from fusionls.models.encoders import StackedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=MobileNetV2,
            strides=(1, 2, 2, 1, 1, 1, 1),
            dilations=(1, 1, 1, 2, 2, 4, 4),
            out_indices=(1, 2, 4, 6),
            norm_cfg=norm,
        ),
    ),
)
model['decode_head'].update(in_channels=320, c1_in_channels=24)
model['auxiliary_head'].update(in_channels=96)
