"""One evaluation, all its files."""

import json

import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from fusionls.evaluation.metrics import LandslideMetric, TileGallery
from fusionls.visualization.evaluation_files import write_evaluation


def evaluated(with_logits=True):
    rng = np.random.default_rng(0)
    metrics = [LandslideMetric(), TileGallery(count=1)]
    for number in range(4):
        truth = np.zeros((32, 32), int)
        truth[4:20, 4:20] = 1
        odds = torch.as_tensor(2.0 * truth - 1 + rng.normal(size=truth.shape))
        sample = SegDataSample(metainfo={'scene': 'a', 'window': (0, 600 * number, 32, 32)})
        if with_logits:
            sample.seg_logits = PixelData(data=torch.stack([torch.zeros_like(odds), odds]))
        sample.pred_sem_seg = PixelData(data=(odds > 0)[None].long())
        sample.gt_sem_seg = PixelData(data=torch.tensor(truth)[None])
        inputs = {'optical': (torch.rand(1, 32, 32), torch.ones(1, 32, 32, dtype=torch.bool))}
        for metric in metrics:
            metric.process({'inputs': [inputs]}, [sample.to_dict()])
    scores = {}
    for metric in metrics:
        scores |= metric.evaluate(4)
    return metrics, scores


def test_tables_sums_and_pictures_are_written(tmp_path):
    metrics, scores = evaluated()
    paths = write_evaluation(metrics, scores, tmp_path, stem='metrics_optical', heading='gated')
    assert sorted(path.name for path in paths) == sorted(p.name for p in tmp_path.iterdir())
    assert {path.name.removeprefix('metrics_optical') for path in paths} == {
        '.json', '.md', '_blocks.npz', '_precision_recall.png', '_reliability.png', '_tiles.png',
    }  # fmt: skip
    content = json.loads((tmp_path / 'metrics_optical.json').read_text())
    assert content['landslide/f1'] == scores['landslide/f1']
    assert content['details']['blocks'] == 4


def test_labels_alone_have_no_curves(tmp_path):
    write_evaluation(*evaluated(with_logits=False), tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {'metrics.json', 'metrics.md', 'metrics_blocks.npz', 'metrics_tiles.png'}
