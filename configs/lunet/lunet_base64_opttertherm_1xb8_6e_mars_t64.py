"""L-UNet on all Mars layers, stacked.

Run: python tools/train.py configs/lunet/lunet_base64_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.unet64 import *
    from .._base_.zoo.semantic import *

from fusionls.models.blocks import (
    Chain,
    ConvPair,
    DataDependentUpsampling,
    MultiScaleFusion,
    ResidualAttention,
)
from fusionls.models.encoders import StackedEncoder, ToppedEncoder

attended = dict(type=Chain, blocks=[dict(type=ConvPair), dict(type=ResidualAttention)])
encoder.update(blocks=[attended] * 4 + [dict(type=ConvPair)])
model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=ToppedEncoder,
            encoder=encoder,
            top=dict(type=MultiScaleFusion, in_channels=1024, channels=1024),
        ),
    ),
)
model['decode_head'].update(upsampling=dict(type=DataDependentUpsampling))
