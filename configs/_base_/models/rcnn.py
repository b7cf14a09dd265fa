"""R-CNN: every proposed box is cut out, warped to 64 pixels and judged by an AlexNet of its own.

Owns what fast_rcnn_fpn owns, and changes it. A leaf adds data_preprocessor and the channels of the
backbone. The parts are those of mmdet's Fast R-CNN; only what it pools are the layers themselves,
and its head is the network.
"""

from mmengine.config import read_base

with read_base():
    from .fast_rcnn_fpn import *

from mmcv.ops import RoIAlign
from mmdet.models import SingleRoIExtractor

from fusionls.models.encoders import PictureEncoder, StackedEncoder
from fusionls.models.heads import CropBBoxHead

model.pop('neck')
model['backbone'] = dict(type=StackedEncoder, encoder=dict(type=PictureEncoder))
model['roi_head']['bbox_roi_extractor'] = dict(
    type=SingleRoIExtractor,
    roi_layer=dict(type=RoIAlign, output_size=64, sampling_ratio=1),
    out_channels=3,
    featmap_strides=[1],
)
model['roi_head']['bbox_head'].pop('in_channels')
model['roi_head']['bbox_head'].pop('fc_out_channels')
model['roi_head']['bbox_head'].pop('roi_feat_size')
model['roi_head']['bbox_head'].update(type=CropBBoxHead)
# 32 landslides and 96 others a batch in the paper; here the same share of each tile
model['train_cfg']['rcnn']['sampler'].update(num=32)
model['test_cfg']['rcnn']['nms'].update(iou_threshold=0.3)
