"""Mask R-CNN with a ResNet-50 and FPN on all Mars layers and landslide factors, stacked.

The factors (aspect, curvatures, relief) are derived from the elevation as tiles are read.
Run: python tools/train.py configs/mask_rcnn/mask_rcnn_resnet50_opttertherm_1xb8_6e_mars_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.mask_rcnn_fpn import *
    from .._base_.zoo.instances import *

# what makes slopes fail: read where the ground is, derived from its elevation
layers['terrain'] = [
    'terrain_elevation',
    'terrain_slope',
    'terrain_aspect_sin',
    'terrain_aspect_cos',
    'terrain_curvature_profile',
    'terrain_curvature_plan',
    'terrain_relief_r1000',
]
channels['terrain'] = 7
preprocessor.update(layers=layers)
train_dataloader['dataset'].update(layers=layers)
val_dataloader['dataset'].update(layers=layers)
test_dataloader['dataset'].update(layers=layers)
model['backbone'].update(channels=channels)
model.update(data_preprocessor=preprocessor)
optim_wrapper['optimizer'].update(lr=2e-4)
