"""A detector behind the scene detector: layers by name, doubtful and empty boxes left out."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from torch import nn

from fusionls.errors import InputError
from fusionls.inference.box_detector import box_detector
from fusionls.models import FusionDataPreprocessor
from fusionls.quantities import Kind, Quantity
from fusionls.testing import made_up_scene

LAYERS = {'optical': ['optical_red'], 'insar': ['insar_velocity_los']}
STACKED = {'optical': ['optical_nir', 'optical_red'], 'insar': ['insar_velocity_los']}
FACTORS = {'optical': 1, 'insar': 4}


class Brightest(nn.Module):
    """Boxes that tell what the model was shown: left is the largest red, top its window's size."""

    def __init__(self):
        super().__init__()
        self.bbox_head = nn.Identity()
        self.data_preprocessor = FusionDataPreprocessor(layers=LAYERS, factors=FACTORS)
        self.data_preprocessor.set_statistics({n: (0.0, 1.0) for v in LAYERS.values() for n in v})
        self.shown = []

    def predict(self, inputs, samples, rescale):
        assert not rescale
        self.shown.append(sorted(inputs))
        red = inputs['optical'][0].amax((1, 2, 3))
        for sample, most in zip(samples, red, strict=True):
            left, top = most.item(), sample.metainfo['img_shape'][0]
            boxes = [[left, top, left + 5, top + 5], [0, 0, 4, 4], [3, 3, 3, 9]]
            scores = torch.tensor([0.9, 0.04, 0.8])
            sample.pred_instances = InstanceData(bboxes=torch.tensor(boxes), scores=scores)
        return samples


def stack():
    base = made_up_scene(STACKED, factors=FACTORS, shape=(48, 48)).grid
    unit = {'optical_nir': 'digital_number', 'optical_red': 'digital_number'}
    modalities = {
        name: SimpleNamespace(
            layers=tuple(layers),
            quantities={n: Quantity(unit.get(n, 'm/yr'), Kind.CONTINUOUS) for n in layers},
            factor=FACTORS[name],
            grid=base.coarser(FACTORS[name]),
        )
        for name, layers in STACKED.items()
    }
    return SimpleNamespace(folder='valley', modalities=modalities, grid=base)


def batch():
    optical = np.zeros((2, 2, 48, 48), np.float32)
    optical[0, :, 5, 5] = (9, 3)  # infrared, red
    optical[1, :, 5, 5] = (9, 2)
    blind = np.zeros((2, 12, 12), bool)
    return {
        'optical': (optical, np.ones((2, 48, 48), bool)),
        'insar': (np.zeros((2, 1, 12, 12), np.float32), blind),
    }


def test_each_window_gets_the_sure_boxes_of_the_layers_the_model_reads():
    model = Brightest()
    first, second = box_detector(model, stack())(batch())
    np.testing.assert_array_equal(first.boxes, [[3, 48, 8, 53]])
    np.testing.assert_array_equal(second.boxes, [[2, 48, 7, 53]])
    np.testing.assert_allclose(first.scores, [0.9], rtol=1e-6)
    assert model.shown == [['optical']]  # InSAR is valid nowhere


def test_doubtful_boxes_come_where_they_are_asked_for():
    (found, _) = box_detector(Brightest(), stack(), least_score=0.0)(batch())
    assert len(found.boxes) == 2  # without the one that has no area


def test_a_model_without_boxes_is_refused():
    with pytest.raises(InputError, match='Linear finds no boxes'):
        box_detector(nn.Linear(1, 1), stack())


def test_a_score_that_is_none_is_refused():
    with pytest.raises(InputError, match='must be from 0 up to 1'):
        box_detector(Brightest(), stack(), least_score=1.5)


def test_a_judge_of_given_boxes_is_refused():
    model = Brightest()
    del model.bbox_head
    model.roi_head, model.with_rpn = nn.Identity(), False
    with pytest.raises(InputError, match='proposed beforehand'):
        box_detector(model, None)
