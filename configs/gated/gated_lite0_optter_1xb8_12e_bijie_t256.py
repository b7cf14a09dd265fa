"""Gated fusion of optical pictures and elevation on Bijie.

Expect: not run yet.
Run: python tools/train.py configs/gated/gated_lite0_optter_1xb8_12e_bijie_t256.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.bijie import *
    from .._base_.default_runtime import *
    from .._base_.models.lite0 import *
    from .._base_.models.unet_segmentor import *
    from .._base_.schedules.adamw_12e import *

from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder
from fusionls.models.fusion import GatedFusion

model.update(
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(encoder=encoder, channels=3, pretrained=weights),
            terrain=dict(encoder=encoder, channels=1, pretrained=weights),
        ),
        fusion=dict(type=GatedFusion),
    ),
)
model['decode_head'].update(in_channels=widths)
custom_hooks += [averaging]
