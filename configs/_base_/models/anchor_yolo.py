"""What every YOLO with anchors shares, for tiles of 128 pixels.

Owns: small ... large, coder, assigning, deciding, entropy, and what the zoo's boxes own.
The nine anchors are medians of clusters by IoU (Redmon and Farhadi 2017, "YOLO9000", sec. 2) of the
1338 boxes in three passes over the training tiles; a box overlaps the nearest of them by 0.72 on
average.
"""

from mmengine.config import read_base

with read_base():
    from ..zoo.boxes import *

from mmcv.ops import nms
from mmdet.models import CrossEntropyLoss
from mmdet.models.task_modules import GridAssigner, YOLOBBoxCoder

# width and height in pixels, for levels of stride 8, 16 and 32
small = [(5, 14), (23, 7), (18, 24)]
medium = [(25, 69), (72, 31), (46, 128)]
large = [(128, 74), (84, 128), (128, 128)]
coder = dict(type=YOLOBBoxCoder)
assigning = dict(assigner=dict(type=GridAssigner, pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0))
deciding = dict(
    nms_pre=1000,
    min_bbox_size=0,
    score_thr=0.001,
    conf_thr=0.005,
    nms=dict(type=nms, iou_threshold=0.45),
    max_per_img=100,
)
entropy = dict(type=CrossEntropyLoss, use_sigmoid=True, reduction='sum')
