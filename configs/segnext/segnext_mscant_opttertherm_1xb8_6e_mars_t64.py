"""SegNeXt-T on all Mars layers, stacked.

Run: python tools/train.py configs/segnext/segnext_mscant_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.zoo.semantic import *

from mmseg.models import CrossEntropyLoss, EncoderDecoder, MSCAN
from torch.nn import BatchNorm2d, GroupNorm

from fusionls.models.encoders import StackedEncoder
from fusionls.models.heads import SteadyHamHead

model = dict(
    type=EncoderDecoder,
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=MSCAN,
            embed_dims=[32, 64, 160, 256],
            mlp_ratios=[8, 8, 4, 4],
            depths=[3, 3, 5, 2],
            drop_path_rate=0.1,
            norm_cfg=dict(type=BatchNorm2d),
        ),
    ),
    decode_head=dict(
        type=SteadyHamHead,
        in_channels=[64, 160, 256],
        in_index=[1, 2, 3],
        channels=256,
        ham_channels=256,
        ham_kwargs=dict(MD_R=16),
        num_classes=2,
        norm_cfg=dict(type=GroupNorm, num_groups=32),
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
