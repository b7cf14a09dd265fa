"""U-Net with local and non-local features on all Mars layers, stacked.

Run: python tools/train.py \
    configs/local_nonlocal/local_nonlocal_unet_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.plain_unet import *
    from .._base_.zoo.semantic import *

from fusionls.models.blocks import AtrousPyramid, Chain, ConvPair, ScaleAttention
from fusionls.models.encoders import StackedEncoder, UNetEncoder

pair = dict(type=ConvPair)
model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=UNetEncoder,
            widths=[64, 128, 256, 512, 1024],
            blocks=[
                pair,
                pair,
                pair,
                pair,
                dict(type=Chain, blocks=[pair, dict(type=AtrousPyramid)]),
            ],
        ),
    ),
)
model['decode_head'].update(
    in_channels=[64, 128, 256, 512, 1024],
    widths=[512, 256, 128, 64],
    upsampling=dict(type=ScaleAttention),
)
