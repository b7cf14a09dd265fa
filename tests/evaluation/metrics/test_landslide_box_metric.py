"""Boxes are matched one to one by IoU; ignored and unmapped ground is neither right nor wrong."""

import json
import math

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData, PixelData

from fusionls.evaluation.metrics import LandslideBoxMetric
from fusionls.evaluation.report import Report, markdown

ONE, TWO, THREE = (2, 2, 12, 12), (20, 2, 30, 12), (2, 20, 12, 30)


def boxes(given):
    return torch.tensor(given, dtype=torch.float32).reshape(-1, 4)


def sample(predicted, true, ignored=(), unmapped=None):
    """Predictions are (score, box); ``unmapped`` is a slice of rows."""
    made = DetDataSample(metainfo={'ori_shape': (32, 32)})
    made.pred_instances = InstanceData(
        bboxes=boxes([box for _, box in predicted]),
        scores=torch.tensor([score for score, _ in predicted], dtype=torch.float32),
    )
    made.gt_instances = InstanceData(bboxes=boxes(true))
    made.ignored_instances = InstanceData(bboxes=boxes(ignored))
    labels = torch.zeros(1, 40, 40, dtype=torch.long)  # padded for the batch
    labels[:, 32:], labels[:, :, 32:] = 255, 255
    if unmapped is not None:
        labels[:, unmapped] = 255
    made.gt_sem_seg = PixelData(sem_seg=labels)
    return made.to_dict()


def evaluated(*samples, **options):
    metric = LandslideBoxMetric(**options)
    metric.process({}, list(samples))
    return metric.evaluate(len(samples)), metric


def scores(*samples, **options):
    found, _ = evaluated(*samples, **options)
    return tuple(found[f'landslide/object_{name}'] for name in ('precision', 'recall', 'f1'))


def test_known_matches_give_known_scores():
    assert scores(sample([(0.9, ONE), (0.8, THREE)], [ONE, TWO])) == (0.5, 0.5, 0.5)
    assert scores(sample([(0.9, ONE)], [ONE]), sample([(0.9, THREE)], [ONE])) == (0.5, 0.5, 0.5)


def test_average_precision_of_a_known_case():
    found, _ = evaluated(sample([(0.9, ONE), (0.3, THREE), (0.2, TWO)], [ONE, TWO]))
    # 51 recalls up to a half at a precision of 1, the other 50 at 2/3
    expected = (51 + 50 * 2 / 3) / 101
    assert found['landslide/coco_box_ap'] == pytest.approx(expected, abs=1e-9)
    assert found['landslide/coco_box_ap50'] == pytest.approx(expected, abs=1e-9)


def test_iou_at_the_threshold_matches_and_below_it_does_not():
    half = (2, 2, 12, 7)  # an IoU of exactly a half with ONE
    assert scores(sample([(0.9, half)], [ONE])) == (1.0, 1.0, 1.0)
    assert scores(sample([(0.9, (2, 2, 12, 6.9))], [ONE])) == (0.0, 0.0, 0.0)
    assert scores(sample([(0.9, half)], [ONE]), iou_threshold=0.6)[1] == 0.0


def test_a_second_box_on_the_same_landslide_is_wrong():
    assert scores(sample([(0.9, ONE), (0.8, ONE)], [ONE])) == (0.5, 1.0, pytest.approx(2 / 3))


@pytest.mark.parametrize('left_out', [(0.4, THREE), (0.9, (20, 20, 23, 23))])
def test_unsure_and_tiny_boxes_are_left_out(left_out):
    assert scores(sample([(0.9, ONE), left_out], [ONE])) == (1.0, 1.0, 1.0)


def test_boxes_in_ignored_instances_or_on_unmapped_ground_are_neither_right_nor_wrong():
    predicted = [(0.9, ONE), (0.95, THREE)]
    for silent in (
        sample(predicted, [ONE], ignored=[(0, 18, 14, 32)]),
        sample(predicted, [ONE], unmapped=slice(22, None)),
    ):
        found, _ = evaluated(silent)
        assert scores(silent) == (1.0, 1.0, 1.0)
        # 8 of the 10 rows are unmapped: more than the half that AP50 asks for
        assert found['landslide/coco_box_ap50'] == 1.0
    assert scores(sample(predicted, [ONE], unmapped=slice(28, None)))[0] == 0.5
    found, _ = evaluated(sample(predicted, [ONE]))
    assert found['landslide/coco_box_ap50'] == 0.5


def test_a_match_counts_though_it_lies_in_an_ignored_instance_too():
    assert scores(sample([(0.9, ONE)], [ONE], ignored=[(0, 0, 20, 20)])) == (1.0, 1.0, 1.0)


def test_nothing_predicted_is_a_recall_of_zero_and_nothing_there_is_no_score():
    precision, recall, _ = scores(sample([], [ONE]))
    assert math.isnan(precision)
    assert recall == 0.0
    assert all(math.isnan(value) for value in scores(sample([], [])))


def test_the_report_of_boxes_has_their_scores_and_no_classes_of_area(tmp_path):
    found, metric = evaluated(sample([(0.9, ONE), (0.8, THREE)], [ONE, TWO]))
    plain = {name.removeprefix('landslide/'): value for name, value in found.items()}
    report = Report(metric.evaluated, metric.rules, plain, metric.block)
    assert 'object_f1' in markdown(report.content())
    content = json.loads(report.write(tmp_path)[0].read_text())
    assert content['object_f1'] == 0.5
    assert content['coco_box_ap50'] > 0
    assert 'size_classes' not in content['details']
