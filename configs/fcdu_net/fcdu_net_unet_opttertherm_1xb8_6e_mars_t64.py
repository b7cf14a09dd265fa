"""FCDU-Net: a deep U-Net whose features the terrain constrains at every level.

Run: python tools/train.py configs/fcdu_net/fcdu_net_unet_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.plain_unet import *
    from .._base_.zoo.semantic import *

from fusionls.models.encoders import MultiBranchEncoder, UNetEncoder
from fusionls.models.fusion import ConstrainedFusion

deep = dict(type=UNetEncoder, widths=[32, 64, 128, 256, 512])
narrow = dict(type=UNetEncoder, widths=[16, 32, 64, 128, 256])
model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(encoder=deep, channels=4),
            terrain=dict(encoder=narrow, channels=2),
            thermal=dict(encoder=narrow, channels=1),
        ),
        fusion=dict(type=ConstrainedFusion, constraints=['terrain']),
    ),
)
model['decode_head'].update(in_channels=[32, 64, 128, 256, 512], widths=[256, 128, 64, 32])
