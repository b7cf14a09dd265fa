"""The default operator with labels of every tenth Mars tile only: what pre-training is tried on.

Run: python tools/train.py \
    configs/compensating/compensating_lite0_opttertherm_1xb8_30e_marstenth_t96.py \
    [--cfg-options model.backbone.pretrained=CHECKPOINT]
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.mars_mmls_v2_missing import *
    from .._base_.default_runtime import *
    from .._base_.models.lite0_mars_branches import *
    from .._base_.models.unet_segmentor import *
    from .._base_.schedules.adamw_30e import *

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
train_dataloader['dataset'].update(indices=[10 * i for i in range(35)])
optim_wrapper['optimizer'].update(lr=1e-3)
custom_hooks += [averaging]
