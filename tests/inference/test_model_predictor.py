"""A model behind the scene mapper: layers by name, windows turned and turned back."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fusionls.errors import InputError, LayerMissingError
from fusionls.inference.model_predictor import model_predictor, shared_modalities
from fusionls.quantities import Kind, Quantity
from fusionls.testing import made_up_scene

LAYERS = {'optical': ('optical_red',), 'insar': ('insar_velocity_los',)}


class PerPixel(torch.nn.Module):
    """Landslide logit = red + velocity of the coarse pixel; no neighbour is looked at."""

    def __init__(self, classes=2):
        super().__init__()
        self.classes = classes
        self.data_preprocessor = Passing()
        self.seen = []

    def encode_decode(self, inputs, metas):
        total = 0
        for modality, (values, valid) in inputs.items():
            factor = self.data_preprocessor.factors[modality]
            part = torch.where(valid, values, 0.0)
            total = total + part.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
        self.seen.append({m: v for m, (v, _) in inputs.items()})
        assert metas[0]['pad_shape'] == tuple(total.shape[2:])
        zero = torch.zeros_like(total)
        return total if self.classes == 1 else torch.cat([zero, total], 1)


class Passing(torch.nn.Module):
    """A data preprocessor that stacks samples, zeros where a modality is absent."""

    layers = LAYERS
    factors = {'optical': 1, 'insar': 4}

    def forward(self, data, training):
        out = {}
        for m in self.layers:
            like = next((s[m] for s in data['inputs'] if m in s), None)
            if like is not None:
                blank = (torch.zeros_like(like[0]), torch.zeros_like(like[1]))
                pairs = [s.get(m, blank) for s in data['inputs']]
                out[m] = tuple(torch.stack(part) for part in zip(*pairs, strict=True))
        return {'inputs': out}


def stack():
    """A stack whose optical modality has a layer more than the model reads."""
    layers = {'optical': ('optical_nir', 'optical_red'), 'insar': ('insar_velocity_los',)}
    factors = {'optical': 1, 'insar': 4}
    base = made_up_scene(layers, factors=factors, shape=(32, 32)).grid
    quantities = {
        'optical_nir': 'digital_number',
        'optical_red': 'digital_number',
        'insar_velocity_los': 'm/yr',
    }
    modalities = {
        m: SimpleNamespace(
            layers=names,
            quantities={n: Quantity(quantities[n], Kind.CONTINUOUS) for n in names},
            factor=factors[m],
            grid=base.coarser(factors[m]),
        )
        for m, names in layers.items()
    }
    return SimpleNamespace(folder=Path('valley'), modalities=modalities, grid=base)


def batch(rows=32, cols=32, seed=0):
    rng = np.random.default_rng(seed)
    return {
        'optical': (
            rng.normal(size=(2, 2, rows, cols)).astype(np.float32),
            rng.random((2, rows, cols)) < 0.8,
        ),
        'insar': (
            rng.normal(size=(2, 1, rows // 4, cols // 4)).astype(np.float32),
            rng.random((2, rows // 4, cols // 4)) < 0.8,
        ),
    }


def expected(given):
    red = np.where(given['optical'][1], given['optical'][0][:, 1], 0)
    slow = np.where(given['insar'][1], given['insar'][0][:, 0], 0)
    return 1 / (1 + np.exp(-(red + slow.repeat(4, 1).repeat(4, 2))))


@pytest.mark.parametrize('classes', [1, 2])
@pytest.mark.parametrize('turns', [1, 8])
@pytest.mark.parametrize(('rows', 'cols'), [(32, 32), (16, 32)])
def test_a_per_pixel_model_gives_its_map_however_the_window_is_turned(classes, turns, rows, cols):
    given = batch(rows, cols)
    model = PerPixel(classes)
    found = model_predictor(model, stack(), turns=turns)(given)
    assert found.dtype == np.float32
    assert len(model.seen) == turns
    np.testing.assert_allclose(found, expected(given), atol=1e-6)


def test_the_eight_windows_shown_are_all_different():
    model = PerPixel()
    model_predictor(model, stack(), turns=8)(batch())
    shown = {seen['optical'].numpy().tobytes() for seen in model.seen}
    assert len(shown) == 8


def test_the_given_windows_are_left_alone():
    given = batch()
    before = given['optical'][0].copy()
    model_predictor(PerPixel(), stack(), turns=8)(given)
    np.testing.assert_array_equal(given['optical'][0], before)


def test_a_modality_that_is_invalid_in_a_window_is_left_out_of_its_sample():
    given = batch()
    given['insar'][1][0] = False
    found = model_predictor(PerPixel(), stack())(given)
    np.testing.assert_allclose(found, expected(given), atol=1e-6)


@pytest.mark.parametrize('turns', [0, 2, 4])
def test_other_numbers_of_turns_are_refused(turns):
    with pytest.raises(InputError, match=f'turns must be 1 or 8, got {turns}'):
        model_predictor(PerPixel(), stack(), turns=turns)


@pytest.mark.parametrize('classes', [1, 2])
@pytest.mark.parametrize('turns', [1, 8])
def test_log_odds_are_divided_by_the_temperature(classes, turns):
    given = batch()
    found = model_predictor(PerPixel(classes), stack(), turns=turns, temperature=2.5)(given)
    sure = expected(given)
    odds = np.log(sure / (1 - sure)) / 2.5
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-odds)), atol=1e-5)


@pytest.mark.parametrize('temperature', [0.0, -1.0, float('nan')])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(InputError, match='temperature must be above 0'):
        model_predictor(PerPixel(), stack(), temperature=temperature)


def test_all_that_model_and_stack_share_is_used():
    assert shared_modalities(PerPixel(), stack()) == ['optical', 'insar']
    assert shared_modalities(PerPixel(), stack(), ['insar']) == ['insar']


def test_everything_that_does_not_fit_is_named_at_once():
    scene = stack()
    scene.modalities['optical'].layers = ('optical_nir', 'optical_rad')
    scene.modalities['insar'].factor = 2
    with pytest.raises(LayerMissingError) as caught:
        shared_modalities(PerPixel(), scene, ['optical', 'insar', 'lidar'])
    text = str(caught.value)
    assert '3 problems' in text
    assert "optical has no layer 'optical_red'" in text
    assert 'insar has pixels of 2 base pixels, the model reads 4' in text
    assert "the model has no modality 'lidar'" in text


def test_nothing_in_common_is_refused():
    scene = stack()
    scene.modalities = {'thermal': scene.modalities['optical']}
    with pytest.raises(LayerMissingError, match='has thermal, the model reads optical, insar'):
        shared_modalities(PerPixel(), scene)
