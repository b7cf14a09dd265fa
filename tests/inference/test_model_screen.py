"""A tile classifier screens windows by their surest tile; what it cannot see is mapped."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fusionls.errors import InputError, LayerMissingError
from fusionls.inference.model_screen import model_screen
from fusionls.models import FusionDataPreprocessor
from fusionls.quantities import Kind, Quantity

LAYERS = {'optical': ('optical_red',), 'insar': ('insar_velocity_los',)}
FACTORS = {'optical': 1, 'insar': 4}


class Bright(torch.nn.Module):
    """Log-odds of a tile: the mean of its valid red, in deviations."""

    head = 'linear'

    def __init__(self, layers=LAYERS):
        super().__init__()
        self.data_preprocessor = FusionDataPreprocessor(
            layers=layers, factors={name: FACTORS[name] for name in layers}
        )
        self.data_preprocessor.set_statistics({n: (0.0, 1.0) for ns in layers.values() for n in ns})

    def forward(self, inputs, mode):
        values, valid = inputs['optical']
        mean = (values * valid).sum((1, 2, 3)) / valid.sum((1, 2, 3)).clamp_min(1)
        return torch.stack([torch.zeros_like(mean), mean], 1)


def stack(*names):
    modalities = {
        m: SimpleNamespace(
            layers=LAYERS[m],
            quantities={n: Quantity('digital_number', Kind.CONTINUOUS) for n in LAYERS[m]},
            factor=FACTORS[m],
        )
        for m in names or LAYERS
    }
    return SimpleNamespace(folder=Path('valley'), modalities=modalities)


def window(count=2, side=128):
    coarse = side // 4
    return {
        'optical': (
            np.zeros((count, 1, side, side), np.float32),
            np.ones((count, side, side), bool),
        ),
        'insar': (
            np.zeros((count, 1, coarse, coarse), np.float32),
            np.ones((count, coarse, coarse), bool),
        ),
    }


def test_a_window_is_as_likely_as_its_surest_tile():
    given = window()
    given['optical'][0][1, 0, 32:64, 96:128] = 4.0  # one of sixteen tiles
    found = model_screen(Bright(), stack(), ['optical', 'insar'], 32)(given)
    np.testing.assert_allclose(found, [0.5, 1 / (1 + np.exp(-4))], rtol=1e-6)


def test_the_mean_of_the_whole_window_would_have_missed_it():
    given = window()
    given['optical'][0][1, 0, 32:64, 96:128] = 4.0
    found = model_screen(Bright(), stack(), ['optical', 'insar'], 128)(given)
    np.testing.assert_allclose(found[1], 1 / (1 + np.exp(-4 / 16)), rtol=1e-5)


def test_tiles_without_data_say_nothing_and_windows_without_any_are_mapped():
    given = window()
    given['optical'][0][:] = -3.0
    given['optical'][1][0, :, 32:] = False  # only the first column of tiles is seen
    given['optical'][1][1] = False
    given['insar'][1][:] = False
    found = model_screen(Bright(), stack(), ['optical', 'insar'], 32)(given)
    np.testing.assert_allclose(found, [1 / (1 + np.exp(3)), 1.0], rtol=1e-6)


def test_the_screen_sees_what_the_map_is_made_from_and_no_more():
    given = window()
    given['insar'][1][:] = False
    found = model_screen(Bright(), stack('optical'), ['optical'], 32)(given)
    np.testing.assert_allclose(found, [0.5, 0.5])
    with pytest.raises(LayerMissingError, match='nothing in common'):
        model_screen(Bright({'optical': LAYERS['optical']}), stack('insar'), ['insar'], 32)


def test_tiles_that_cut_coarse_pixels_are_refused():
    with pytest.raises(InputError, match='tiles of 30 pixels for the screen cut pixels'):
        model_screen(Bright(), stack(), ['optical', 'insar'], 30)


def test_a_model_that_judges_no_tiles_is_refused():
    model = Bright()
    model.head = None
    with pytest.raises(InputError, match='a Bright judges no tiles'):
        model_screen(model, stack(), ['optical'], 32)
