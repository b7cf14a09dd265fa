"""Shapley values by their axioms, and that a corrupted modality carries less."""

import itertools

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.errors import InputError
from fusionls.geo.raster_io import new_geotiff
from fusionls.inference.modality_support import (
    log_odds,
    shapley_values,
    subsets,
    write_support,
)

NAMES = ('optical', 'terrain', 'insar')


def game(function, names=NAMES):
    return {s: np.asarray(function(s), np.float64) for s in subsets(names)}


def test_an_additive_game_gives_each_its_own():
    own = {'optical': 1.5, 'terrain': -0.5, 'insar': 0.25}
    found = shapley_values(game(lambda s: sum(own[m] for m in s)), NAMES)
    assert {m: float(v) for m, v in found.items()} == pytest.approx(own)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.floats(-9, 9), min_size=7, max_size=7))
def test_values_sum_to_the_whole_and_agree_with_all_orders(numbers):
    values = dict(zip(subsets(NAMES), map(np.float64, numbers), strict=True))
    found = shapley_values(values, NAMES)
    assert sum(map(float, found.values())) == pytest.approx(numbers[0], abs=1e-5)
    for name in NAMES:  # the definition by permutations, an independent way to count
        gains = []
        for order in itertools.permutations(NAMES):
            before = frozenset(order[: order.index(name)])
            gains.append(values[before | {name}] - (values[before] if before else 0.0))
        assert float(found[name]) == pytest.approx(np.mean(gains), abs=1e-5)


def test_who_changes_nothing_carries_nothing_and_equals_carry_alike():
    found = shapley_values(game(lambda s: 2.0 * bool(s & {'optical', 'terrain'})), NAMES)
    assert float(found['insar']) == 0
    assert float(found['optical']) == float(found['terrain']) == 1


def test_where_nothing_is_shown_nothing_is_said():
    found = log_odds(np.array([0.5, np.nan, 0.0, 1.0, 0.75], np.float32))
    assert found[0] == found[1] == 0
    assert found[2] == pytest.approx(-13.8, abs=0.1)
    assert found[3] == pytest.approx(13.8, abs=0.1)
    assert found[4] == pytest.approx(np.log(3))


@pytest.mark.parametrize('names', [(), tuple('abcdefg')])
def test_too_many_modalities_or_none_are_refused(names):
    with pytest.raises(InputError, match='1 to 6'):
        subsets(names)


def test_maps_become_bands_that_sum_to_the_log_odds(tmp_path, utm_grid):
    grid = utm_grid(40, 30)
    rng = np.random.default_rng(0)
    maps, read = {}, {}
    for number, subset in enumerate(subsets(NAMES)):
        probability = rng.uniform(0.01, 0.99, grid.shape).astype(np.float32)
        probability[:5] = np.nan if number == 0 else probability[:5]
        maps[subset] = tmp_path / f'{number}.tif'
        read[subset] = probability
        with new_geotiff(maps[subset], grid, ['landslide_probability']) as writer:
            writer.write(probability, grid.window, 1)
    write_support(maps, NAMES, tmp_path / 'support.tif')
    with rasterio.open(tmp_path / 'support.tif') as found:
        assert found.descriptions == tuple(f'support_{name}' for name in NAMES)
        bands = found.read()
    assert np.isnan(bands[:, :5]).all()
    whole = read[frozenset(NAMES)][5:]
    np.testing.assert_allclose(bands[:, 5:].sum(0), np.log(whole / (1 - whole)), atol=1e-4)
