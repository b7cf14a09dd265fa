"""The default operator over optical, terrain, InSAR and LiDAR on scenes of one's own.

A Lite0 with ImageNet weights per branch; terrain and InSAR run at their own, coarser pixels. What a
scene does not have is left out by `modalities`.
Run: python tools/train.py \
    configs/compensating/compensating_lite0_optterinslid_1xb8_30e_scenes_t128.py \
    --cfg-options stacks="[stacks/my_scene]" modalities="['optical','terrain']"
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.scenes import *
    from .._base_.default_runtime import *
    from .._base_.models.lite0 import *
    from .._base_.models.unet_segmentor import *
    from .._base_.schedules.adamw_30e import *

from fusionls.engine import RefitNorms
from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import CompensatingFusion

# at a factor of 2, strides of 2 to 16 are the 4 to 32 of the base grid, at 4 those of 2 to 8
half = dict(type=TimmEncoder, name='tf_efficientnet_lite0', levels=[0, 1, 2, 3])
quarter = dict(type=TimmEncoder, name='tf_efficientnet_lite0', levels=[0, 1, 2])
model.update(
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(encoder=encoder, channels=4, pretrained=weights),
            terrain=dict(encoder=half, channels=2, factor=2, pretrained=weights),
            insar=dict(encoder=quarter, channels=2, factor=4, pretrained=weights),
            lidar=dict(encoder=encoder, channels=3, pretrained=weights),
        ),
        fusion=dict(type=CompensatingFusion),
    ),
)
model['decode_head'].update(in_channels=widths)
optim_wrapper['optimizer'].update(lr=1e-3)
custom_hooks += [averaging, dict(type=RefitNorms)]
