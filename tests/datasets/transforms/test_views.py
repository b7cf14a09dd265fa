"""A landslide is seen once from every side, in the middle of the tile."""

from types import SimpleNamespace

import numpy as np
import pytest

from fusionls.datasets.transforms import CircleTile
from fusionls.datasets.transforms.views import centre_of_landslide
from fusionls.errors import InputError
from fusionls.geo.window import Window
from fusionls.quantities import Kind

SIDE, SIZE = 96, 48


def results(epoch, index=0, side=SIDE, centre=(50, 44)):
    rows, cols = np.indices((side, side)) + 0.5
    labels = (np.hypot(rows - centre[0], cols - centre[1]) < 6).astype(np.uint8)
    labels[:4, :4] = 1  # another one, far from the middle
    azimuth = np.full((1, side, side), 90.0, np.float32)
    return {
        'dataset': SimpleNamespace(epoch=epoch, seed=5),
        'sample_idx': index,
        'inputs': {'terrain': (azimuth, np.ones((side, side), bool))},
        'layers': {'terrain': ('wind',)},
        'kinds': {'terrain': (Kind.AZIMUTH,)},
        'pixels': {'terrain': 5.0},
        'labels': labels,
        'window': Window(0, 0, side, side),
        'rng': np.random.default_rng(epoch),
    }


@pytest.mark.parametrize('views', [4, 5, 8])
def test_each_direction_comes_once_in_as_many_epochs(views):
    circle = CircleTile(size=SIZE, views=views)
    seen = []
    for epoch in range(views):
        out = circle.transform(results(epoch))
        seen.append(float(np.median(out['inputs']['terrain'][0])))
        landslide = out['labels'] == 1
        assert landslide.sum() == pytest.approx(np.pi * 36, rel=0.1)
        middle = np.argwhere(landslide).mean(0) + 0.5
        np.testing.assert_allclose(middle, SIZE / 2, atol=0.3)
        assert out['window'] == Window(26, 20, SIZE, SIZE)
    expected = np.mod(90 - np.arange(views) * 360 / views, 360)
    np.testing.assert_allclose(np.sort(seen), np.sort(expected), atol=1e-3)
    again = circle.transform(results(views))
    assert float(np.median(again['inputs']['terrain'][0])) == pytest.approx(seen[0])


def test_tiles_begin_with_different_directions():
    circle = CircleTile(size=SIZE)
    first = {
        round(float(np.median(circle.transform(results(0, i))['inputs']['terrain'][0])))
        for i in range(40)
    }
    assert len(first) == 8


def test_a_landslide_far_out_comes_as_near_to_the_middle_as_was_read():
    out = CircleTile(size=SIZE).transform(results(0, centre=(90, 50)))
    assert all(valid.all() for _, valid in out['inputs'].values())
    assert (out['labels'] == 1).any()


def test_the_landslide_next_to_the_middle_is_taken():
    assert centre_of_landslide(results(0)['labels']) == pytest.approx((50, 44), abs=0.01)
    assert centre_of_landslide(np.zeros((10, 20), np.uint8)) == (5, 10)


def test_what_cannot_be_circled_is_refused():
    with pytest.raises(InputError, match='look at 68 pixels, the tile read has 60'):
        CircleTile(size=SIZE).transform(results(0, side=60))
    CircleTile(size=SIZE, views=4).transform(results(0, side=60))  # quarter turns need no more
    with pytest.raises(InputError, match='expected 1 or more'):
        CircleTile(size=SIZE, views=0)
