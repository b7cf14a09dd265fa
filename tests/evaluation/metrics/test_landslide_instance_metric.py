"""Instances are matched one to one; no prediction at all is a result like any other."""

import math

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData

from fusionls.evaluation.metrics import LandslideInstanceMetric


def square(row, col, side=5):
    mask = np.zeros((32, 32), bool)
    mask[row : row + side, col : col + side] = True
    return mask


def sample(predicted, truth, padded=(0, 0)):
    """Predictions are (score, mask); ``padded`` rows and columns are added to the truth."""
    made = DetDataSample(metainfo={'ori_shape': (32, 32)})
    made.pred_instances = InstanceData(
        masks=torch.from_numpy(
            np.stack([m for _, m in predicted]) if predicted else np.zeros((0, 32, 32), bool)
        ),
        scores=torch.tensor([s for s, _ in predicted], dtype=torch.float32),
    )
    masks = np.stack(truth) if truth else np.zeros((0, 32, 32), bool)
    masks = np.pad(masks, ((0, 0), (0, padded[0]), (0, padded[1])))
    made.gt_instances = InstanceData(masks=BitmapMasks(masks.astype(np.uint8), *masks.shape[1:]))
    return made.to_dict()


def scores(*samples):
    metric = LandslideInstanceMetric()
    metric.process({}, list(samples))
    found = metric.evaluate(len(samples))
    return [found[f'landslide/object_{name}'] for name in ('precision', 'recall', 'f1')]


def test_known_matches_give_known_scores():
    one, two = square(2, 2), square(20, 20)
    wrong = square(2, 20)
    assert scores(sample([(0.9, one), (0.8, wrong)], [one, two])) == [0.5, 0.5, 0.5]


def test_counts_are_pooled_over_samples():
    one = square(2, 2)
    pooled = scores(sample([(0.9, one)], [one]), sample([(0.9, one)], [square(20, 20)]))
    assert pooled == [0.5, 0.5, 0.5]


def test_nothing_predicted_is_a_recall_of_zero():
    precision, recall, _ = scores(sample([], [square(2, 2)]))
    assert math.isnan(precision)
    assert recall == 0.0


def test_nothing_there_and_nothing_predicted_is_no_score():
    assert all(math.isnan(value) for value in scores(sample([], [])))


@pytest.mark.parametrize('left_out', [(0.4, square(20, 20)), (0.9, square(20, 20, side=3))])
def test_unsure_and_tiny_predictions_are_left_out(left_out):
    one = square(2, 2)
    assert scores(sample([(0.9, one), left_out], [one])) == [1.0, 1.0, 1.0]


def test_a_second_prediction_of_the_same_landslide_is_no_second_match():
    one, shifted = square(2, 2, 8), square(3, 2, 8)
    _, recall, _ = scores(sample([(0.9, one), (0.8, shifted)], [one]))
    assert recall == 1.0


def test_truth_padded_for_the_batch_is_cut_back():
    one = square(2, 2)
    assert scores(sample([(0.9, one)], [one], padded=(8, 16))) == [1.0, 1.0, 1.0]
