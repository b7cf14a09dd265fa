"""Shapley values by their axioms, and that a corrupted modality carries less."""

import itertools
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls import apis
from fusionls.errors import InputError
from fusionls.geo.grid import Grid
from fusionls.geo.raster_io import new_geotiff
from fusionls.inference import map_scene, scene_predictor
from fusionls.inference.modality_support import (
    log_odds,
    shapley_values,
    subsets,
    write_support,
)
from fusionls.stack.store import ModalityArrays, write_stack
from fusionls.testing import made_up_scene

TINY = Path(__file__).parents[1] / 'configs' / 'tiny.py'
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


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A tiny model that has learned a made-up scene, and another such scene."""
    folder = tmp_path_factory.mktemp('support')
    config = apis.load_config(TINY, {'train_cfg.max_epochs': 6, 'work_dir': str(folder)})
    runner = apis.train(config)
    layers = {m: list(names) for m, names in config.layers.items()}
    scene = made_up_scene(layers, factors=config.factors, shape=(96, 96), holes=0.0, seed=5)
    return config, folder / f'epoch_{runner.epoch}.pth', scene


def stack_of(scene, folder, spoilt=()):
    """A scene on disk; of some modalities, values mean nothing any more."""
    rng = np.random.default_rng(0)
    modalities = {}
    for name, m in scene.modalities.items():
        values = rng.permuted(m.values.reshape(len(m.values), -1), axis=1).reshape(m.values.shape)
        values = values if name in spoilt else m.values
        modalities[name] = ModalityArrays(values, m.valid, list(m.layers), m.factor)
    grid = Grid(pyproj.CRS.from_epsg(32617), 5e5, 4e6, 10.0, 10.0, 96, 96)
    return write_stack(folder / 'stack', grid, modalities)


def mapped(trained, folder, spoilt=()):
    """Mean support inside the landslides, by modality."""
    config, checkpoint, scene = trained
    stack = stack_of(scene, folder, spoilt)
    apis.predict_scene(
        config, checkpoint, stack.folder, folder / 'p.tif', window=64, overlap=32,
        support=folder / 'support.tif',
    )  # fmt: skip
    inventory = apis.make_inventory(
        folder / 'p.tif', folder / 'i.gpkg', stack=stack, support=folder / 'support.tif'
    )
    with rasterio.open(folder / 'support.tif') as read:
        bands = dict(zip(read.descriptions, read.read(), strict=True))
    with rasterio.open(folder / 'p.tif') as read:
        probability = read.read(1)
    inside = scene.labels == 1
    means = {n.removeprefix('support_'): float(b[inside].mean()) for n, b in bands.items()}
    return means, sum(bands.values()), probability, inventory


def test_a_corrupted_modality_carries_less(trained, tmp_path):
    (tmp_path / 'sound').mkdir(), (tmp_path / 'spoilt').mkdir()
    sound, total, probability, inventory = mapped(trained, tmp_path / 'sound')
    np.testing.assert_allclose(total, log_odds(probability), atol=1e-3)
    for name in sound:
        assert inventory[f'support_{name}'].notna().all()
    spoilt, *_ = mapped(trained, tmp_path / 'spoilt', spoilt=['optical'])
    assert sound['optical'] > 0
    assert spoilt['optical'] < 0.5 * sound['optical']
    assert spoilt['optical'] < min(spoilt['terrain'], spoilt['insar'])


def test_support_goes_on_where_a_run_was_killed(trained, tmp_path, monkeypatch):
    config, checkpoint, scene = trained
    stack = stack_of(scene, tmp_path)
    made = []

    def counting(*arguments, **options):
        if len(made) == stop:
            raise KeyboardInterrupt
        made.append(options['modalities'])
        return map_scene(*arguments, **options)

    monkeypatch.setattr(scene_predictor, 'map_scene', counting)

    def predicted(folder):
        folder.mkdir(exist_ok=True)
        apis.predict_scene(
            config, checkpoint, stack.folder, folder / 'p.tif', window=64, overlap=32,
            support=folder / 'support.tif', subset_maps=folder / 'maps',
        )  # fmt: skip
        return {p.name: p.read_bytes() for p in folder.rglob('*') if p.is_file()}

    stop = None
    expected = predicted(tmp_path / 'once')
    count = len(made)
    assert set(expected) >= {'p.tif', 'support.tif', 'probability_optical.tif'}
    assert len(expected) == count + 1
    for stop in (0, 1, 3):
        made.clear()
        with pytest.raises(KeyboardInterrupt):
            predicted(tmp_path / f'{stop}')
    for before in (0, 1, 3):
        stop = None
        made.clear()
        assert predicted(tmp_path / f'{before}') == expected
        assert len(made) == count - before
        assert not list((tmp_path / f'{before}').glob('.*'))
    made.clear()
    assert predicted(tmp_path / '3') == expected  # a run that came to its end starts anew
    assert len(made) == count

    stop = 2
    made.clear()
    with pytest.raises(KeyboardInterrupt):
        predicted(tmp_path / 'other')
    stop = None
    (tmp_path / 'other' / 'p.tif').write_bytes(b'a map of another run')
    made.clear()
    assert predicted(tmp_path / 'other') == expected
    assert len(made) == count
