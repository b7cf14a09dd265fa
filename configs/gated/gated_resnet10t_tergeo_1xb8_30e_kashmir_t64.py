"""Gated fusion of terrain with geology, land cover and faults on the ground of Kashmir.

Class codes become one channel a class: eight units, eleven covers, and the distance to faults.
Run: python tools/train.py configs/gated/gated_resnet10t_tergeo_1xb8_30e_kashmir_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.kashmir import *
    from .._base_.default_runtime import *
    from .._base_.models.unet_segmentor import *
    from .._base_.schedules.adamw_30e import *

from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import GatedFusion

widths = (24, 48, 96, 160)
encoder = dict(type=TimmEncoder, name='resnet10t', channels=widths)
model.update(
    data_preprocessor=dict(
        type=FusionDataPreprocessor, layers=layers, factors=factors, categories=categories
    ),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            terrain=dict(encoder=encoder, channels=2),
            geology=dict(encoder=encoder, channels=8 + 11 + 1),
        ),
        fusion=dict(type=GatedFusion),
    ),
)
model['decode_head'].update(in_channels=[64, *widths], widths=[96, 64, 48, 32])
custom_hooks += [averaging]
