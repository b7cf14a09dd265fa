"""ViT-S/16: tells landslide tiles from others on all Mars layers, stacked.

Run: python tools/train.py configs/tile_vit/tile_vit_vits16_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.tile_classifier import *
    from .._base_.zoo.classification import *

from mmpretrain.models import VisionTransformer

from fusionls.models.encoders import StackedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=VisionTransformer,
            arch='deit-small',  # the sizes of ViT-S: 384 channels, 12 layers, 6 heads
            img_size=64,
            out_type='featmap',
        ),
    ),
    head=dict(in_channels=384),
)
optim_wrapper.update(optimizer=dict(lr=3e-4))
