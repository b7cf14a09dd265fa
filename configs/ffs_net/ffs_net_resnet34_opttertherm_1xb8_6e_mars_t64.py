"""FFS-Net: texture and shape from pictures, terrain features joined where features are high.

Run: python tools/train.py configs/ffs_net/ffs_net_resnet34_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.zoo.semantic import *

from mmseg.models import CrossEntropyLoss, EncoderDecoder

from fusionls.models.blocks import BalancedPair, TransposedUpsampling
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import AttentionalFusion
from fusionls.models.heads import UNetHead

model = dict(
    type=EncoderDecoder,
    data_preprocessor=preprocessor,
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(
                encoder=dict(type=TimmEncoder, name='resnet34', levels=[1, 2, 3, 4]), channels=4
            ),
            terrain=dict(encoder=dict(type=TimmEncoder, name='resnet18', levels=[4]), channels=2),
            thermal=dict(
                encoder=dict(type=TimmEncoder, name='resnet18', levels=[1, 2, 3, 4]), channels=1
            ),
        ),
        fusion=dict(type=AttentionalFusion),
    ),
    decode_head=dict(
        type=UNetHead,
        in_channels=[64, 128, 256, 512],
        widths=[256, 128, 64],
        upsampling=dict(type=TransposedUpsampling),
        block=dict(type=BalancedPair),
        num_classes=2,
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
