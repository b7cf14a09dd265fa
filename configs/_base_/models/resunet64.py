"""The deep residual U-Net of Zhang et al. 2018, of 64 channels at full size. Owns: encoder, model.

A leaf adds data_preprocessor and backbone.
"""

from mmengine.config import read_base

with read_base():
    from .plain_unet import *

from fusionls.models.blocks import ResidualStem, ResidualUnit
from fusionls.models.encoders import UNetEncoder

encoder = dict(
    type=UNetEncoder,
    widths=[64, 128, 256, 512],
    blocks=[dict(type=ResidualStem)] + [dict(type=ResidualUnit)] * 3,
    pooled=False,
)
model['decode_head'].update(
    in_channels=[64, 128, 256, 512],
    widths=[256, 128, 64],
    block=dict(type=ResidualUnit),
)
