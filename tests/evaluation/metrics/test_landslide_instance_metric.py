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


def everything(*samples):
    metric = LandslideInstanceMetric()
    metric.process({}, list(samples))
    return metric.evaluate(len(samples))


def with_ground(made, labels, boxes=()):
    """The sample with labels of every pixel and, where given, (predicted, true) boxes."""
    made['gt_sem_seg'] = {'sem_seg': torch.as_tensor(labels)[None].long()}
    for name, given in zip(('pred_instances', 'gt_instances'), boxes, strict=False):
        made[name]['bboxes'] = torch.as_tensor(given, dtype=torch.float32).reshape(-1, 4)
    return made


def test_average_precision_of_masks_and_boxes_of_a_known_case():
    one, two = square(2, 2), square(20, 20)
    made = with_ground(
        sample([(0.9, one), (0.3, square(2, 20)), (0.2, two)], [one, two]),
        one | two,
        [[(2, 2, 7, 7), (20, 2, 25, 7), (20, 20, 25, 25)], [(2, 2, 7, 7), (20, 20, 25, 25)]],
    )
    found = everything(made)
    # 51 recalls up to a half at a precision of 1, the other 50 at 2/3
    expected = (51 + 50 * 2 / 3) / 101
    for kind in ('mask', 'box'):
        assert found[f'landslide/coco_{kind}_ap'] == pytest.approx(expected, abs=1e-9)
        assert found[f'landslide/coco_{kind}_ap_small'] == pytest.approx(expected, abs=1e-9)
        assert math.isnan(found[f'landslide/coco_{kind}_ap_large'])


def test_detections_on_unmapped_ground_are_neither_right_nor_wrong():
    one, beyond = square(2, 2), square(20, 20)
    labels = one.astype(int)
    labels[16:] = 255
    boxes = [[(2, 2, 7, 7), (20, 20, 25, 25)], [(2, 2, 7, 7)]]
    found = everything(with_ground(sample([(0.9, one), (0.95, beyond)], [one]), labels, boxes))
    for name in ('precision', 'object_precision', 'coco_mask_ap', 'coco_box_ap'):
        assert found[f'landslide/{name}'] == 1.0
    mapped = with_ground(sample([(0.9, one), (0.95, beyond)], [one]), one.astype(int), boxes)
    assert everything(mapped)['landslide/object_precision'] == 0.5
    assert everything(mapped)['landslide/coco_mask_ap'] == pytest.approx(0.5)


def test_ignored_instances_cost_nothing_in_average_precision():
    one, piece = square(2, 2), square(20, 20, 3)
    made = sample([(0.9, piece), (0.8, one)], [one])
    assert everything(made)['landslide/coco_mask_ap'] == pytest.approx(0.5)
    made['ignored_instances'] = {'masks': BitmapMasks(piece[None].astype(np.uint8), 32, 32)}
    assert everything(made)['landslide/coco_mask_ap'] == 1.0


def test_instances_are_scored_as_a_map_too():
    one, part = square(2, 2, 10), square(2, 2, 10)
    part[:, 8:] = False
    found = everything(sample([(0.9, part)], [one]))
    assert found['landslide/recall'] == 0.6
    assert found['landslide/precision'] == 1.0
    assert found['landslide/area_bias'] == pytest.approx(-0.4)
    assert 'landslide/ap' not in found  # a score of an instance is no probability of a pixel


def test_overlapping_instances_are_told_apart_where_a_map_would_merge_them():
    left, right = square(4, 4, 8), square(4, 12, 8)
    found = everything(sample([(0.9, left), (0.8, right)], [left, right]))
    assert found['landslide/object_f1'] == 1.0
    assert found['landslide/count_bias'] == 0.0


@pytest.mark.parametrize('side', [3, 6])
def test_a_landslide_that_is_found_twice_is_found_wrongly_once(side):
    # the surer one lies over the other, of which nothing or a rest is left to see
    whole, part = square(2, 2, 6), square(2, 2, side)
    found = sample([(0.9, whole), (0.8, whole), (0.7, part | square(2, 3, 4))], [whole])
    precision, recall, _ = scores(found)
    assert (precision, recall) == (pytest.approx(1 / 3), 1.0)
    wider = whole.copy()
    wider[8, 2:5] = True  # three pixels look out
    precision, recall, _ = scores(sample([(0.9, whole), (0.8, wider)], [whole]))
    assert (precision, recall) == (0.5, 1.0)
