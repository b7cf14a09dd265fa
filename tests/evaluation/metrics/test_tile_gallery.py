"""The best and the worst tiles are kept, and no more than that."""

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData, PixelData
from mmseg.structures import SegDataSample

from fusionls.evaluation.metrics import TileGallery

TRUTH = np.zeros((16, 16), int)
TRUTH[:8] = 1


def sample(rows_found, name):
    """A tile of which ``rows_found`` of eight landslide rows are found."""
    made = SegDataSample(metainfo={'scene': name, 'window': (0, 0, 16, 16)})
    odds = torch.full((16, 16), -2.0)
    odds[:rows_found] = 2.0
    made.seg_logits = PixelData(data=torch.stack([torch.zeros_like(odds), odds]))
    made.pred_sem_seg = PixelData(data=(odds > 0)[None].long())
    made.gt_sem_seg = PixelData(data=torch.tensor(TRUTH)[None])
    return made.to_dict()


def shown(value):
    return {'optical': (torch.full((1, 16, 16), value), torch.ones(1, 16, 16, dtype=torch.bool))}


def gallery(rows, count=2, batch=3):
    metric = TileGallery(count=count)
    metric.dataset_meta = {'layers': {'optical': ('optical_red',)}}
    for start in range(0, len(rows), batch):
        some = rows[start : start + batch]
        metric.process(
            {'inputs': [shown(float(r)) for r in some]},
            [sample(r, f'tile {start + i}') for i, r in enumerate(some)],
        )
        assert len(metric.results) <= 2 * count
    assert metric.evaluate(len(rows)) == {}
    return metric


@pytest.mark.parametrize('batch', [1, 3, 20])
def test_the_extremes_are_kept_with_what_they_were_predicted_from(batch):
    found = gallery([3, 8, 1, 5, 7, 2, 6, 0, 4], batch=batch)
    assert [int(t.inputs['optical'][0][0, 0, 0]) for t in found.best] == [8, 7]
    assert [int(t.inputs['optical'][0][0, 0, 0]) for t in found.worst] == [0, 1]
    assert found.best[0].f1 == 1.0
    assert found.worst[0].f1 == 0.0
    assert found.layers == {'optical': ('optical_red',)}
    np.testing.assert_allclose(found.best[1].probability[0], 1 / (1 + np.exp(-2)), rtol=1e-6)
    np.testing.assert_array_equal(found.best[1].predicted, np.arange(16)[:, None] < [7] * 16)


def test_few_tiles_are_shown_once():
    found = gallery([1, 5, 3])
    names = [tile.name for tile in [*found.best, *found.worst]]
    assert len(names) == len(set(names)) == 3


def test_tiles_without_landslides_make_no_picture():
    metric = TileGallery()
    empty = sample(0, 'empty')
    empty['gt_sem_seg']['data'][:] = 0
    unmapped = sample(8, 'unmapped')
    unmapped['gt_sem_seg']['data'][:] = 255
    metric.process({}, [empty, unmapped])
    metric.evaluate(2)
    assert metric.best == metric.worst == []


def test_instances_are_shown_by_the_score_of_the_surest():
    made = DetDataSample(metainfo={'ori_shape': (16, 16), 'scene': 'a', 'window': (0, 0, 16, 16)})
    masks = np.zeros((2, 16, 16), bool)
    masks[0, :8] = masks[1, 4:12] = True
    made.pred_instances = InstanceData(
        masks=torch.from_numpy(masks), scores=torch.tensor([0.9, 0.6])
    )
    made.gt_sem_seg = PixelData(sem_seg=torch.tensor(TRUTH)[None])
    metric = TileGallery(threshold=0.7)
    metric.process({}, [made.to_dict()])
    metric.evaluate(1)
    (tile,) = metric.best
    np.testing.assert_allclose(tile.probability[:, 0], [0.9] * 8 + [0.6] * 4 + [0] * 4, rtol=1e-6)
    assert tile.f1 == 1.0


def test_boxes_are_shown_filled_beside_the_true_ones():
    made = DetDataSample(metainfo={'ori_shape': (16, 16), 'scene': 'a', 'window': (0, 0, 16, 16)})
    made.pred_instances = InstanceData(
        bboxes=torch.tensor([[0.0, 0.0, 16.0, 8.0], [0.0, 4.0, 16.0, 12.0]]),
        scores=torch.tensor([0.9, 0.6]),
    )
    made.gt_instances = InstanceData(bboxes=torch.tensor([[0.0, 0.0, 16.0, 8.0]]))
    labels = torch.zeros(1, 16, 16, dtype=torch.long)
    labels[:, :, 15] = 255
    labels[:, 0, 0] = 1
    made.gt_sem_seg = PixelData(sem_seg=labels)
    metric = TileGallery(threshold=0.7)
    metric.process({}, [made.to_dict()])
    metric.evaluate(1)
    (tile,) = metric.best
    np.testing.assert_allclose(tile.probability[:, 0], [0.9] * 8 + [0.6] * 4 + [0] * 4, rtol=1e-6)
    assert tile.truth[:, 0].tolist() == [1] * 8 + [0] * 8
    assert tile.truth[:, 15].tolist() == [1] * 8 + [255] * 8
    assert tile.f1 == 1.0
