"""DeepLabV3+ with the Xception of its paper on all Mars layers, stacked.

Run: python tools/train.py \
    configs/deeplabv3plus/deeplabv3plus_xception65_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.deeplabv3plus import *
    from .._base_.zoo.semantic import *

from fusionls.models.encoders import StackedEncoder, TimmEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(type=TimmEncoder, name='xception65', output_stride=8, levels=[1, 2, 3, 4]),
    ),
)
model['decode_head'].update(channels=256)
