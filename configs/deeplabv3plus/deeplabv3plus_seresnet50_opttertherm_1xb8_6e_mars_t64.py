"""DeepLabV3+ with a dilated ResNet-50 that weighs its channels (SE) on all Mars layers, stacked.

Run: python tools/train.py \
    configs/deeplabv3plus/deeplabv3plus_seresnet50_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.deeplabv3plus import *
    from .._base_.zoo.semantic import *

from mmpretrain.models import SEResNet

from fusionls.models.encoders import StackedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=SEResNet,
            depth=50,
            strides=(1, 2, 1, 1),
            dilations=(1, 1, 2, 4),
            out_indices=(0, 1, 2, 3),
            norm_cfg=norm,
        ),
    ),
)
