"""Detectors weigh what mmdet's own configs weigh, for one class and three channels."""

import importlib.util
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS as MMDET_MODELS
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from fusionls import apis

CONFIGS = Path(__file__).parents[2] / 'configs'
MMDET = Path(importlib.util.find_spec('mmdet').origin).parent / '.mim' / 'configs'
PAIRS = {
    'faster_rcnn/faster_rcnn_resnet50': 'faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
    'mask_rcnn/mask_rcnn_resnet50': 'mask_rcnn/mask-rcnn_r50_fpn_1x_coco',
    'mask_rcnn/mask_rcnn_resnet101': 'mask_rcnn/mask-rcnn_r101_fpn_1x_coco',
    'fast_rcnn/fast_rcnn_resnet50': 'fast_rcnn/fast-rcnn_r50_fpn_1x_coco',
    'retinanet/retinanet_resnet50': 'retinanet/retinanet_r50_fpn_1x_coco',
    'ssd/ssd_vgg16': 'ssd/ssd300_coco',
    'detr/detr_resnet50': 'detr/detr_r50_8xb2-150e_coco',
    'deformable_detr/deformable_detr_resnet50':
        'deformable_detr/deformable-detr_r50_16xb2-50e_coco',
    'dino/dino_resnet50': 'dino/dino-4scale_r50_8xb2-12e_coco',
    'yolact/yolact_resnet50': 'yolact/yolact_r50_1xb8-55e_coco',
    'mask2former/mask2former_resnet50': 'mask2former/mask2former_r50_8xb2-lsj-50e_coco',
}  # fmt: skip
FEWER = {'dino/dino_resnet50': (900 - 80) * 256}
"""Weights that ours are to lack: of queries."""


def one_class(config):
    """mmdet's model for one class, whatever its head is called; no weights are fetched."""
    model = config.model
    model.backbone.pop('init_cfg', None)
    roi = model.get('roi_head') or {}
    for head in (model.get('bbox_head'), model.get('mask_head'), *roi.values()):
        if head and 'num_classes' in head:
            head.num_classes = 1
    for name in ('panoptic_head', 'panoptic_fusion_head'):
        if name in model:
            model[name].num_things_classes = 1
    if 'panoptic_head' in model:
        model.panoptic_head.loss_cls.class_weight = [1.0, 0.1]
    return model


def weights(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize('ours', PAIRS, ids=lambda name: name.split('/')[1])
def test_a_detector_weighs_what_mmdet_says(ours):
    (path,) = CONFIGS.glob(f'{ours}_opt_*.py')
    model = apis.load_config(path).model
    # two layers and their mask: as many channels as a photograph has
    model.backbone.channels = {'optical': 2}
    reference = one_class(Config.fromfile(str(MMDET / f'{PAIRS[ours]}.py')))
    with torch.device('meta'):  # weights without numbers are enough, and cost nothing
        found = weights(MODELS.build(model))
        with DefaultScope.overwrite_default_scope('mmdet'):
            expected = weights(MMDET_MODELS.build(reference))
    assert found + FEWER.get(ours, 0) == expected
