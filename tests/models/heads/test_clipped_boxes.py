"""Boxes of YOLO heads end where the tile ends, in what they predict and before duplicates go."""

import pytest
import torch
from mmcv.ops import nms
from mmdet.models.dense_heads import YOLOV3Head, YOLOXHead
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from fusionls.models.heads import ClippedYolov3Head, ClippedYoloxHead, IouYoloHead

CUT = ConfigDict(nms=dict(type=nms, iou_threshold=0.5), score_thr=0.0, max_per_img=10)
META = {'img_shape': (100, 128), 'scale_factor': (1.0, 1.0)}
BOXES = [
    [-14.0, 87.0, 47.0, 129.0],  # beyond left and bottom
    [0.0, 87.0, 47.0, 100.0],  # the same where the tile ends: a duplicate
    [20.0, 20.0, 40.0, 40.0],
    [130.0, 10.0, 150.0, 30.0],  # not in the tile
]


def processed(kind, boxes, **options):
    found = InstanceData(
        bboxes=torch.tensor(boxes),
        scores=torch.tensor([0.9, 0.8, 0.7, 0.6]),
        labels=torch.zeros(4, dtype=torch.long),
    )
    head = object.__new__(kind)
    torch.nn.Module.__init__(head)
    return head._bbox_post_process(found, CUT, img_meta=META, **options)


@pytest.mark.parametrize('kind', [ClippedYoloxHead, ClippedYolov3Head, IouYoloHead])
def test_boxes_are_cut_before_duplicates_are_left_out(kind):
    found = processed(kind, BOXES)
    assert found.bboxes.tolist() == [[0, 87, 47, 100], [20, 20, 40, 40]]
    assert found.scores.tolist() == pytest.approx([0.9, 0.7])


@pytest.mark.parametrize(
    ('kind', 'theirs'), [(ClippedYoloxHead, YOLOXHead), (ClippedYolov3Head, YOLOV3Head)]
)
def test_boxes_within_the_tile_are_those_of_mmdet(kind, theirs):
    inside = [BOXES[2], [20.0, 21.0, 40.0, 41.0], [60.0, 60.0, 70.0, 99.0], [1.0, 1.0, 3.0, 3.0]]
    ours, plain = processed(kind, inside), processed(theirs, inside)
    assert torch.equal(ours.bboxes, plain.bboxes)
    assert torch.equal(ours.scores, plain.scores)
