"""LandsNet on all Mars layers, stacked.

Run: python tools/train.py configs/landsnet/landsnet_base32_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.plain_unet import *
    from .._base_.zoo.semantic import *

from fusionls.models.blocks import Cbam, Chain, ConvPair, ResidualDense, ResidualUnit
from fusionls.models.encoders import StackedEncoder, UNetEncoder
from fusionls.models.heads import MultiScaleUNetHead

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=UNetEncoder,
            widths=[32, 64, 128, 256, 512],
            blocks=dict(
                type=Chain,
                blocks=[dict(type=ConvPair), dict(type=ResidualDense), dict(type=Cbam)],
            ),
        ),
    ),
)
model['decode_head'].update(
    type=MultiScaleUNetHead,
    in_channels=[32, 64, 128, 256, 512],
    widths=[256, 128, 64, 32],
    block=dict(type=Chain, blocks=[dict(type=ResidualUnit), dict(type=Cbam)]),
)
