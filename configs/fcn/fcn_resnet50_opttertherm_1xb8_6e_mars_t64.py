"""FCN with a dilated ResNet-50 on all Mars layers, stacked.

Run: python tools/train.py configs/fcn/fcn_resnet50_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.auxiliary_segmentor import *
    from .._base_.models.resnet50_d8 import *
    from .._base_.zoo.semantic import *

from mmseg.models import CrossEntropyLoss, FCNHead

from fusionls.models.encoders import StackedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(type=StackedEncoder, channels=channels, encoder=encoder),
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
)
