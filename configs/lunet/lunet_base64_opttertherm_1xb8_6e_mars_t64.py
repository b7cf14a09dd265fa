"""L-UNet on all Mars layers, stacked.

Run: python tools/train.py configs/lunet/lunet_base64_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.unet64 import *
    from .._base_.zoo.semantic import *

from fusionls.models.blocks import (
    AtrousPyramid,
    Chain,
    ConvPair,
    DataDependentUpsampling,
    ResidualAttention,
)
from fusionls.models.encoders import StackedEncoder

pair = dict(type=ConvPair)
attended = dict(type=Chain, blocks=[pair, dict(type=ResidualAttention)])
fused = dict(type=Chain, blocks=[pair, dict(type=AtrousPyramid, dilations=[1, 2, 4, 8])])
encoder.update(blocks=[attended] * 4 + [fused])
model.update(
    data_preprocessor=preprocessor,
    backbone=dict(type=StackedEncoder, channels=channels, encoder=encoder),
)
model['decode_head'].update(upsampling=dict(type=DataDependentUpsampling))
