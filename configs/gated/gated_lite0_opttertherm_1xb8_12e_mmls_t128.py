"""Gated fusion of optical, terrain and thermal layers on the first release of MMLS (Mars).

Expect: not run yet.
Run: python tools/train.py configs/gated/gated_lite0_opttertherm_1xb8_12e_mmls_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.mars_mmls import *
    from .._base_.default_runtime import *
    from .._base_.models.lite0_mars_branches import *
    from .._base_.models.unet_segmentor import *
    from .._base_.schedules.adamw_12e import *

from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder
from fusionls.models.fusion import GatedFusion

model.update(
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=branches,
        fusion=dict(type=GatedFusion),
    ),
)
model['decode_head'].update(in_channels=widths)
custom_hooks += [averaging]
