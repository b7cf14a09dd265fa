"""U-Net on all Mars layers and the factors of the terrain, stacked.

Run: python tools/train.py configs/unet_factors/unet_factors_base64_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.unet64 import *
    from .._base_.zoo.semantic_factors import *

from fusionls.models.encoders import StackedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(type=StackedEncoder, channels=channels, encoder=encoder),
)
