"""Mask R-CNN of mmdet with a branch per modality: instances of landslides on the Mars tiles.

Half as wide as the others of this folder, with a ResNet-18 each and gated fusion. Every connected
landslide of a tile is an instance; pieces under 16 pixels are ignored.
Run: python tools/train.py configs/mask_rcnn/mask_rcnn_resnet18_opttertherm_1xb4_12e_mars_t192.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.mars_mmls_v2 import *
    from .._base_.default_runtime import *
    from .._base_.models.mask_rcnn_fpn import *
    from .._base_.schedules.adamw_12e import *

from fusionls.datasets.transforms import PackInstanceTile
from fusionls.evaluation.metrics import LandslideInstanceMetric
from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import GatedFusion

encoder = dict(type=TimmEncoder, name='resnet18', levels=[1, 2, 3, 4])
model['backbone'] = dict(
    type=MultiBranchEncoder,
    branches=dict(
        optical=dict(encoder=encoder, channels=4),
        terrain=dict(encoder=encoder, channels=2),
        thermal=dict(encoder=encoder, channels=1),
    ),
    fusion=dict(type=GatedFusion),
)
model.update(
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    neck=dict(in_channels=[64, 128, 256, 512], out_channels=128),
    rpn_head=dict(in_channels=128, feat_channels=128),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=128),
        bbox_head=dict(in_channels=128, fc_out_channels=256),
        mask_roi_extractor=dict(out_channels=128),
        mask_head=dict(num_convs=2, in_channels=128, conv_out_channels=128),
    ),
    train_cfg=dict(
        rpn=dict(sampler=dict(num=128)), rpn_proposal=dict(nms_pre=500, max_per_img=200)
    ),
    test_cfg=dict(rpn=dict(nms_pre=300, max_per_img=100), rcnn=dict(max_per_img=50)),
)
train_dataloader.update(batch_size=4)
train_dataloader['dataset']['pipeline'][-1] = dict(type=PackInstanceTile)
# without context: each pixel counts once
val_dataloader['dataset']['pipeline'] = [
    dict(type=LoadTile),
    dict(type=PackInstanceTile),
]
test_dataloader['dataset']['pipeline'] = [
    dict(type=LoadTile),
    dict(type=PackInstanceTile),
]
val_evaluator = dict(type=LandslideInstanceMetric)
test_evaluator = dict(type=LandslideInstanceMetric)
custom_hooks += [averaging]
