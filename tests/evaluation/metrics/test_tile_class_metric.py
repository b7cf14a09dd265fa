"""Scores of whole tiles are scikit-learn's; tiles without labels do not count."""

import numpy as np
import pytest
from mmpretrain.structures import DataSample
from sklearn import metrics as oracle

from fusionls.datasets.tile_class import NO_CLASS
from fusionls.evaluation.metrics import TileClassMetric, TileGallery
from fusionls.evaluation.report import Report


def sample(probability, truth, place=0):
    made = DataSample(metainfo={'scene': 'mars', 'window': (0, 600 * place, 64, 64)})
    made.set_pred_score(np.array([1 - probability, probability]))
    made.set_gt_label(int(truth))
    return made.to_dict()


@pytest.fixture
def tiles():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 60)
    # on a grid that log-odds bins keep apart, with ties
    return np.clip(np.round(rng.normal(0.3 + 0.4 * truth, 0.3), 1), 0.1, 0.9), truth


def evaluated(samples, batch=7, **options):
    metric = TileClassMetric(**options)
    for start in range(0, len(samples), batch):
        metric.process({}, samples[start : start + batch])
    return metric, metric.evaluate(len(samples))


def test_the_scores_are_those_of_scikit_learn(tiles):
    probability, truth = tiles
    samples = [sample(p, t) for p, t in zip(probability, truth, strict=True)]
    _, found = evaluated(samples, threshold=0.4)
    predicted = probability >= 0.4
    assert found == pytest.approx(
        {
            'landslide/tile_accuracy': oracle.accuracy_score(truth, predicted),
            'landslide/tile_precision': oracle.precision_score(truth, predicted),
            'landslide/tile_recall': oracle.recall_score(truth, predicted),
            'landslide/tile_f1': oracle.f1_score(truth, predicted),
            'landslide/tile_auc': oracle.roc_auc_score(truth, probability),
        }
    )


def test_tiles_without_labels_do_not_count(tiles):
    samples = [sample(p, t) for p, t in zip(*tiles, strict=True)]
    odd = [sample(0.9, NO_CLASS), *samples, sample(0.1, NO_CLASS)]
    assert evaluated(odd)[1] == evaluated(samples)[1]


def test_a_report_says_that_the_scores_are_of_tiles(tiles, tmp_path):
    samples = [sample(p, t, i % 24) for i, (p, t) in enumerate(zip(*tiles, strict=True))]
    metric, found = evaluated(samples)
    report = Report(metric.evaluated, metric.rules, found, metric.block)
    details = report.content()['details']
    assert set(details['kinds'].values()) == {'tile'}
    assert details['tiles'] == 60
    low, high = details['intervals']['tile_auc']
    assert low < found['landslide/tile_auc'] < high
    assert 'tile_accuracy | tile |' in report.write(tmp_path)[1].read_text()


def test_a_gallery_of_maps_has_nothing_to_show(tiles):
    gallery = TileGallery()
    gallery.process({}, [sample(0.9, 1)])
    assert gallery.evaluate(1) == {}
    assert gallery.best == []
