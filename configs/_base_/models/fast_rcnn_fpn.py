"""Fast R-CNN with FPN as mmdet has it: the Faster R-CNN of faster_rcnn_fpn, given its proposals.

Owns what faster_rcnn_fpn owns, and changes it. Proposals are those of the tile (ProposeBoxes).
"""

from mmengine.config import read_base

with read_base():
    from .faster_rcnn_fpn import *

from mmdet.models import FastRCNN

model.pop('rpn_head')
model.update(type=FastRCNN)
model['train_cfg'].pop('rpn')
model['train_cfg'].pop('rpn_proposal')
model['test_cfg'].pop('rpn')
