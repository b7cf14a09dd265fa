"""What a screen lost and saved, against the same by hand."""

import math

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from fusionls.evaluation.functional.scores import KINDS, score_table
from fusionls.evaluation.metrics import ScreeningMetric


def sample(landslide_rows, kept):
    made = SegDataSample(metainfo={'ori_shape': (20, 10)})
    told = {'probability': 0.5, 'kept': kept, 'screen_cost': 10, 'map_cost': 100}
    made.set_metainfo({'screen': told})
    labels = torch.zeros(1, 32, 32, dtype=torch.long)  # padded
    labels[:, 20:], labels[:, :, 10:] = 255, 255
    labels[:, :landslide_rows, :10] = 1
    made.gt_sem_seg = PixelData(data=labels)
    return made.to_dict()


def evaluated(samples):
    metric = ScreeningMetric(least_share=0.1)
    metric.process({}, samples)
    return metric.evaluate(len(samples)), metric.evaluated


def test_losses_and_savings_are_counted_over_all_tiles():
    # one row of twenty is too little for a landslide tile, but its pixels count
    samples = [sample(4, True), sample(2, False), sample(1, False), sample(0, False)]
    found, tally = evaluated([*samples, sample(0, True)])
    assert found == pytest.approx(
        {
            'landslide/screen_rejected': 3 / 5,
            'landslide/screen_recall': 1 / 2,
            'landslide/screen_pixel_recall': 40 / 70,
            'landslide/screen_cost_saved': 1 - (5 * 10 + 2 * 100) / (5 * 100),
        }
    )
    kinds = {score.kind for score in score_table((1.0,), list(tally.blocks.total())).values()}
    assert kinds == {'screening'} <= set(KINDS)


def test_mapping_everything_costs_the_screen_on_top():
    found, _ = evaluated([sample(4, True), sample(0, True)])
    assert found['landslide/screen_cost_saved'] == pytest.approx(-0.1)
    assert found['landslide/screen_recall'] == 1


def test_without_landslides_nothing_could_be_lost():
    found, _ = evaluated([sample(0, False), sample(0, True)])
    assert math.isnan(found['landslide/screen_recall'])
    assert np.isnan(found['landslide/screen_pixel_recall'])
