"""ResU-Net with a transformer in its bridge and CBAM in its decoder on all Mars layers, stacked.

Run: python tools/train.py
    configs/resunet_transformer/resunet_transformer_base64_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.resunet64 import *
    from .._base_.zoo.semantic import *

from fusionls.models.blocks import Cbam, Chain, ResidualUnit, TokenTransformer
from fusionls.models.encoders import StackedEncoder, ToppedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=ToppedEncoder,
            encoder=encoder,
            top=dict(type=TokenTransformer, in_channels=512, channels=512, depth=4, heads=8),
        ),
    ),
)
model['decode_head'].update(
    block=dict(type=Chain, blocks=[dict(type=ResidualUnit), dict(type=Cbam)]),
)
