"""SeaFormer-T with its light head on all Mars layers, stacked.

Run: python tools/train.py configs/seaformer/seaformer_tiny_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.zoo.semantic import *

from mmseg.models import CrossEntropyLoss, EncoderDecoder

from fusionls.models.encoders import SeaFormer, StackedEncoder
from fusionls.models.heads import SeaFormerHead

model = dict(
    type=EncoderDecoder,
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder, channels=channels, encoder=dict(type=SeaFormer, variant='tiny')
    ),
    decode_head=dict(
        type=SeaFormerHead,
        in_channels=[32, 128, 160],
        widths=[64, 96],
        num_classes=2,
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
