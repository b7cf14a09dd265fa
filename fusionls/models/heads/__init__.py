"""Heads that mmseg, mmdet and mmpretrain do not have."""

from fusionls.models.heads.clipped_boxes import ClippedYolov3Head, ClippedYoloxHead
from fusionls.models.heads.crop_bbox_head import CropBBoxHead
from fusionls.models.heads.forest_head import ForestHead
from fusionls.models.heads.iou_yolo_head import IouYoloHead
from fusionls.models.heads.kernel_svm_head import KernelSvmHead
from fusionls.models.heads.late_fusion_head import LateFusionHead
from fusionls.models.heads.multi_scale_unet_head import MultiScaleUNetHead
from fusionls.models.heads.padded_protonet import PaddedProtonet
from fusionls.models.heads.perceptron_head import PerceptronHead
from fusionls.models.heads.seaformer_head import SeaFormerHead
from fusionls.models.heads.segnet_head import SegNetHead
from fusionls.models.heads.ssd_box_head import SSDBoxHead
from fusionls.models.heads.steady_ham_head import SteadyHamHead
from fusionls.models.heads.unet_head import UNetHead

__all__ = [
    'ClippedYolov3Head',
    'ClippedYoloxHead',
    'CropBBoxHead',
    'ForestHead',
    'IouYoloHead',
    'KernelSvmHead',
    'LateFusionHead',
    'MultiScaleUNetHead',
    'PaddedProtonet',
    'PerceptronHead',
    'SSDBoxHead',
    'SeaFormerHead',
    'SegNetHead',
    'SteadyHamHead',
    'UNetHead',
]
