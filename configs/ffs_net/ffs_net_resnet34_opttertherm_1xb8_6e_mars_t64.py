"""FFS-Net: texture and shape from pictures, terrain features joined where features are high.

Run: python tools/train.py configs/ffs_net/ffs_net_resnet34_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.plain_unet import *
    from .._base_.zoo.semantic import *

from fusionls.models.blocks import BalancedPair, TransposedUpsampling
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import AttentionalFusion

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(
                encoder=dict(type=TimmEncoder, name='resnet34', levels=[0, 1, 2, 3, 4]), channels=4
            ),
            terrain=dict(encoder=dict(type=TimmEncoder, name='resnet18', levels=[4]), channels=2),
            thermal=dict(
                encoder=dict(type=TimmEncoder, name='resnet18', levels=[0, 1, 2, 3, 4]), channels=1
            ),
        ),
        fusion=dict(type=AttentionalFusion),
    ),
)
model['decode_head'].update(
    in_channels=[64, 64, 128, 256, 512],
    widths=[256, 128, 64, 64],
    upsampling=dict(type=TransposedUpsampling),
    block=dict(type=BalancedPair),
)
