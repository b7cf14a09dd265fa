"""The default operator over optical, terrain, InSAR and LiDAR on simulated valleys: the demo.

A narrow ResNet-10 per branch, from scratch; InSAR and coarse terrain run at their own 20 m.
Run: make demo
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.valley import *
    from .._base_.default_runtime import *
    from .._base_.models.unet_segmentor import *
    from .._base_.schedules.adamw_30e import *

from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import CompensatingFusion

widths = (24, 48, 96, 160)
fine = dict(type=TimmEncoder, name='resnet10t', channels=widths)
# at a factor of 4, strides of 2, 4 and 8 are the 8, 16 and 32 of the base grid; no deeper needed
coarse = dict(type=TimmEncoder, name='resnet10t', channels=widths, levels=[0, 1, 2])
model.update(
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(encoder=fine, channels=4),
            terrain=dict(encoder=coarse, channels=2, factor=4),
            insar=dict(encoder=coarse, channels=2, factor=4),
            lidar=dict(encoder=fine, channels=3),
        ),
        fusion=dict(type=CompensatingFusion),
    ),
)
model['decode_head'].update(in_channels=[64, *widths], widths=[96, 64, 48, 32])
custom_hooks += [averaging]
