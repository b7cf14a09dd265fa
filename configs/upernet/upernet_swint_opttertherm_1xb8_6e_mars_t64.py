"""UPerNet with Swin-T on all Mars layers, stacked.

Run: python tools/train.py configs/upernet/upernet_swint_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.auxiliary_segmentor import *
    from .._base_.zoo.semantic import *

from mmseg.models import CrossEntropyLoss, SwinTransformer, UPerHead

from fusionls.models.encoders import StackedEncoder

model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(type=SwinTransformer, drop_path_rate=0.3),
    ),
    decode_head=dict(
        type=UPerHead,
        in_channels=[96, 192, 384, 768],
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2, 3, 6),
        channels=512,
        num_classes=2,
        norm_cfg=norm,
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
    ),
)
model['auxiliary_head'].update(in_channels=384)
optim_wrapper['optimizer'].update(lr=3e-4)
