"""FATransUNet with ResNet-50 on all Mars layers, stacked.

Run: python tools/train.py configs/fatransunet/fatransunet_r50_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.plain_unet import *
    from .._base_.zoo.semantic import *

from fusionls.models.blocks import EfficientTransformer, FlowAlignment
from fusionls.models.encoders import HybridVitEncoder, StackedEncoder, ToppedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=ToppedEncoder,
            encoder=dict(type=HybridVitEncoder, depth=0),
            top=dict(type=EfficientTransformer, channels=768, depth=12, heads=12),
        ),
    ),
)
model['decode_head'].update(
    in_channels=[64, 256, 512, 768],
    entry=512,
    widths=[256, 128, 64, 16],
    upsampling=dict(type=FlowAlignment),
)
optim_wrapper['optimizer'].update(lr=3e-4)
