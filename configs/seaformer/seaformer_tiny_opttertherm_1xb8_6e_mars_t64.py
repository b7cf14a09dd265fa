"""SeaFormer-T with its light head on all Mars layers, stacked.

Run: python tools/train.py configs/seaformer/seaformer_tiny_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.seaformer_tiny import *
    from .._base_.zoo.semantic import *

from mmseg.models import EncoderDecoder

from fusionls.models.encoders import StackedEncoder

model = dict(
    type=EncoderDecoder,
    data_preprocessor=preprocessor,
    backbone=dict(type=StackedEncoder, channels=channels, encoder=seaformer),
    decode_head=light_head,
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
