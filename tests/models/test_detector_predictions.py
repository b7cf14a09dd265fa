"""Detectors predict on tiles of several sizes at once, each in pixels of its own."""

from pathlib import Path

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.registry import MODELS

from fusionls import apis
from fusionls.models.checkpoints import close_pickle_door

CONFIGS = Path(__file__).parents[2] / 'configs'
SIZES = ((64, 64), (40, 52))


@pytest.fixture
def samples():
    """Tiles of noise, one of which is padded; each with a landslide in its middle."""
    made = {'inputs': [], 'data_samples': []}
    for rows, cols in SIZES:
        values = torch.randn(4, rows, cols, generator=torch.Generator().manual_seed(rows))
        made['inputs'].append({'optical': (values, torch.ones(1, rows, cols, dtype=torch.bool))})
        made['data_samples'].append(DetDataSample(metainfo={'ori_shape': (rows, cols)}))
    return made


@pytest.mark.parametrize(
    'name', ['mask_rcnn_resnet50', 'yolact_resnet50', 'mask2former_resnet50', 'ssd_vgg16']
)
def test_what_is_predicted_lies_within_its_own_tile(name, samples):
    close_pickle_door()
    (path,) = CONFIGS.glob(f'*/{name}_opt_*.py')
    config = apis.load_config(path).model
    for place in (config.test_cfg, config.test_cfg.get('rcnn') or {}):
        if 'score_thr' in place:
            place.score_thr = 0.0  # an untrained model is sure of nothing
    torch.manual_seed(0)
    model = MODELS.build(config).eval()
    model.data_preprocessor.fitted.fill_(1)
    with torch.no_grad():
        found = model.test_step(samples)
    assert any(len(sample.pred_instances) for sample in found)
    for sample, (rows, cols) in zip(found, SIZES, strict=True):
        boxes = sample.pred_instances.bboxes
        assert (boxes >= 0).all()
        assert (boxes[:, 0::2] <= cols).all()
        assert (boxes[:, 1::2] <= rows).all()
        if name != 'ssd_vgg16':
            assert sample.pred_instances.masks.shape[1:] == (rows, cols)
