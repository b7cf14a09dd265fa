"""Mask R-CNN with FPN as mmdet has it: the Faster R-CNN of faster_rcnn_fpn with a mask head.

Owns what faster_rcnn_fpn owns, and changes it.
"""

from mmengine.config import read_base

with read_base():
    from .faster_rcnn_fpn import *

from mmcv.ops import RoIAlign
from mmdet.models import CrossEntropyLoss, FCNMaskHead, MaskRCNN, SingleRoIExtractor

model.update(type=MaskRCNN)
model['roi_head'].update(
    mask_roi_extractor=dict(
        type=SingleRoIExtractor,
        roi_layer=dict(type=RoIAlign, output_size=14, sampling_ratio=0),
        out_channels=256,
        featmap_strides=[4, 8, 16, 32],
        finest_scale=56,
    ),
    mask_head=dict(
        type=FCNMaskHead,
        num_convs=4,
        in_channels=256,
        conv_out_channels=256,
        num_classes=1,
        loss_mask=dict(type=CrossEntropyLoss, use_mask=True),
    ),
)
model['train_cfg']['rcnn'].update(mask_size=28)
model['train_cfg']['rcnn']['assigner'].update(match_low_quality=True)
model['test_cfg']['rcnn'].update(mask_thr_binary=0.5)
