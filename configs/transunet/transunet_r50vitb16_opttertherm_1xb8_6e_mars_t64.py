"""TransUNet with R50-ViT-B/16 on all Mars layers, stacked.

Run: python tools/train.py configs/transunet/transunet_r50vitb16_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.plain_unet import *
    from .._base_.zoo.semantic import *

from fusionls.models.encoders import HybridVitEncoder, StackedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(type=StackedEncoder, channels=channels, encoder=dict(type=HybridVitEncoder)),
)
model['decode_head'].update(
    in_channels=[64, 256, 512, 768],
    entry=512,
    widths=[256, 128, 64, 16],
)
optim_wrapper['optimizer'].update(lr=3e-4)
