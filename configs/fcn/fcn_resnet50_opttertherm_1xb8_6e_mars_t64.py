"""FCN with a dilated ResNet-50 on all Mars layers, stacked.

Run: python tools/train.py configs/fcn/fcn_resnet50_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.zoo.semantic import *

from mmseg.models import CrossEntropyLoss, EncoderDecoder, FCNHead, ResNetV1c
from torch.nn import BatchNorm2d

from fusionls.models.encoders import StackedEncoder

norm = dict(type=BatchNorm2d)
model = dict(
    type=EncoderDecoder,
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=ResNetV1c,
            depth=50,
            strides=(1, 2, 1, 1),
            dilations=(1, 1, 2, 4),
            contract_dilation=True,
            norm_cfg=norm,
        ),
    ),
    decode_head=dict(
        type=FCNHead,
        in_channels=2048,
        in_index=3,
        channels=512,
        num_convs=2,
        num_classes=2,
        norm_cfg=norm,
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
    ),
    auxiliary_head=dict(
        type=FCNHead,
        in_channels=1024,
        in_index=2,
        channels=256,
        num_convs=1,
        concat_input=False,
        num_classes=2,
        norm_cfg=norm,
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True, loss_weight=0.4),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
