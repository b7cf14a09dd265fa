"""SegFormer-B0 on all Mars layers, stacked.

Run: python tools/train.py configs/segformer/segformer_mitb0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.zoo.semantic import *

from mmseg.models import CrossEntropyLoss, EncoderDecoder, MixVisionTransformer, SegformerHead
from torch.nn import BatchNorm2d

from fusionls.models.encoders import StackedEncoder

model = dict(
    type=EncoderDecoder,
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=MixVisionTransformer,
            embed_dims=32,
            num_layers=[2, 2, 2, 2],
            num_heads=[1, 2, 5, 8],
            qkv_bias=True,
            drop_path_rate=0.1,
        ),
    ),
    decode_head=dict(
        type=SegformerHead,
        in_channels=[32, 64, 160, 256],
        in_index=[0, 1, 2, 3],
        channels=256,
        num_classes=2,
        norm_cfg=dict(type=BatchNorm2d),
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
