"""The default operator on Mars tiles, trained with parts missing: what other rows start from.

Run: python tools/train.py configs/compensating/compensating_lite0_opttertherm_1xb8_6e_mars_t96.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.mars_mmls_v2_missing import *
    from .._base_.default_runtime import *
    from .._base_.models.lite0_mars_branches import *
    from .._base_.models.unet_segmentor import *
    from .._base_.schedules.adamw_6e import *

from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder
from fusionls.models.fusion import CompensatingFusion

model.update(
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=branches,
        fusion=dict(type=CompensatingFusion),
    ),
)
model['decode_head'].update(in_channels=widths)
custom_hooks += [averaging]
