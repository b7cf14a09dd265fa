"""The metric in the loop equals counting everything at once."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from fusionls.evaluation.functional.confusion import count_pixels
from fusionls.evaluation.functional.objects import ObjectCounts, count_objects
from fusionls.evaluation.metrics import LandslideMetric


def sample(predicted, truth):
    made = SegDataSample()
    made.pred_sem_seg = PixelData(data=torch.as_tensor(predicted)[None].long())
    made.gt_sem_seg = PixelData(data=torch.as_tensor(truth)[None].long())
    return made.to_dict()


def scores(pairs, batch=2, **options):
    metric = LandslideMetric(**options)
    for i in range(0, len(pairs), batch):
        metric.process({}, [sample(*pair) for pair in pairs[i : i + batch]])
    return metric.evaluate(len(pairs))


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    return [
        (rng.integers(0, 2, (20, 24)), rng.choice([0, 1, 255], (20, 24), p=[0.5, 0.3, 0.2]))
        for _ in range(5)
    ]


def test_pooled_pixels_are_those_of_all_tiles_side_by_side(pairs):
    together = count_pixels(*(np.concatenate(parts) for parts in zip(*pairs, strict=True)))
    found = scores(pairs)
    for name, value in together.scores().items():
        assert found[f'landslide/{name}'] == pytest.approx(value, rel=1e-12)


def test_objects_are_counted_tile_by_tile(pairs):
    options = dict(iou_threshold=0.3, least_pixels=4)
    expected = sum(
        (count_objects(p, t, iou_threshold=0.3, min_pixels=4) for p, t in pairs), ObjectCounts()
    )
    found = scores(pairs, **options)
    for name, value in expected.scores().items():
        assert found[f'landslide/{name}'] == pytest.approx(value, nan_ok=True)


def test_the_size_of_batches_changes_nothing(pairs):
    assert scores(pairs, batch=1) == scores(pairs, batch=5)


def test_labels_padded_for_the_batch_are_cut_back(pairs):
    padded = [(p, np.pad(t, ((0, 12), (0, 8)), constant_values=1)) for p, t in pairs]
    assert scores(padded) == scores(pairs)


def test_what_is_predicted_on_invalid_pixels_never_counts(pairs):
    other = [(np.where(t == 255, 1 - p, p), t) for p, t in pairs]
    before, after = scores(pairs), scores(other)
    for name in ('precision', 'recall', 'f1', 'iou', 'miou'):
        assert after[f'landslide/{name}'] == before[f'landslide/{name}']


def test_known_counts_give_known_scores():
    truth = np.zeros((10, 10), int)
    truth[:4] = 1
    truth[9] = 255
    predicted = np.zeros((10, 10), int)
    predicted[2:6] = 1  # two rows right, two wrong, two missed
    found = scores([(predicted, truth)])
    assert found['landslide/precision'] == 0.5
    assert found['landslide/recall'] == 0.5
    assert found['landslide/f1'] == 0.5
    assert found['landslide/iou'] == pytest.approx(20 / 60)
    assert found['landslide/miou'] == pytest.approx((20 / 60 + 30 / 70) / 2)
