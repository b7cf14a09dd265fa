"""Windows that are screened out are not mapped; what only they cover is zero."""

import numpy as np
import pyproj
import pytest
import rasterio

from fusionls.errors import InputError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import any_valid
from fusionls.inference import map_scene
from fusionls.inference.screening import Screening
from fusionls.stack.store import ModalityArrays, write_stack


@pytest.fixture
def stack(tmp_path):
    """Red is high in one corner; a tenth of the pixels is invalid."""
    rng = np.random.default_rng(0)
    red = rng.random((1, 80, 96)) * 0.1
    red[:, :20, :20] += 0.8
    grid = Grid(pyproj.CRS(32617), 500000.0, 4000000.0, 10.0, 10.0, 80, 96)
    arrays = ModalityArrays(red, rng.random((80, 96)) > 0.1, ['optical_red'])
    return write_stack(tmp_path / 'scene', grid, {'optical': arrays})


def brightest(batch):
    values, valid = batch['optical']
    return np.where(valid, values[:, 0], 0).max((1, 2))


def mapped(stack, out, **options):
    asked = []

    def predict(batch):
        asked.extend(batch['optical'][0])
        return np.full(batch['optical'][1].shape, 0.7, np.float32)

    path = map_scene(stack, predict, out, window=32, overlap=8, batch_size=3, **options)
    with rasterio.open(path) as opened:
        return opened.read(1), len(asked), opened.tags()


def test_only_candidates_are_mapped_and_decide_alone_where_they_overlap_others(stack, tmp_path):
    screening = Screening(brightest, 0.5)
    found, asked, tags = mapped(stack, tmp_path / 'p.tif', screening=screening)
    assert (screening.looked, screening.kept, asked) == (12, 1, 1)
    assert tags['screen_threshold'] == '0.5'
    valid = any_valid(stack.read(stack.grid.window), stack.grid.shape)
    expected = np.zeros(stack.grid.shape, np.float32)
    expected[:32, :32] = 0.7  # the overlap of 8 pixels with windows left out is not faded
    np.testing.assert_array_equal(found, np.where(valid, expected, np.nan))


def test_a_screen_that_keeps_all_changes_nothing(stack, tmp_path):
    plain, asked, tags = mapped(stack, tmp_path / 'plain.tif')
    found, again, _ = mapped(stack, tmp_path / 'p.tif', screening=Screening(brightest, 0.0))
    np.testing.assert_array_equal(found, plain)
    assert asked == again == 12
    assert 'screen_threshold' not in tags


def test_a_screen_that_keeps_nothing_leaves_zeros_and_invalid_pixels(stack, tmp_path):
    found, asked, _ = mapped(stack, tmp_path / 'p.tif', screening=Screening(brightest, 1.0))
    assert asked == 0
    valid = any_valid(stack.read(stack.grid.window), stack.grid.shape)
    np.testing.assert_array_equal(found, np.where(valid, np.float32(0), np.nan))


@pytest.mark.parametrize('threshold', [-0.1, 1.1, float('nan')])
def test_a_threshold_that_is_no_probability_is_refused(threshold):
    with pytest.raises(InputError, match='expected 0 to 1'):
        Screening(brightest, threshold)


@pytest.mark.parametrize('said', [[0.5], [0.5, float('nan')], [2.0, 0.0]])
def test_what_is_no_probability_of_each_window_is_refused(said):
    screening = Screening(lambda batch: np.array(said))
    batch = {'optical': (np.zeros((2, 1, 4, 4), np.float32), np.ones((2, 4, 4), bool))}
    with pytest.raises(ValueError, match='expected a probability for each of 2 windows'):
        screening.candidates(batch)
