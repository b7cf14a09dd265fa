"""A scene is mapped behind a screen by the tool, with two checkpoints and with one."""

import contextlib
import sys
from pathlib import Path
from runpy import run_path

import numpy as np
import pyproj
import pytest
import rasterio
import torch
from mmengine.config import ConfigDict
from mmpretrain.models import GlobalAveragePooling, ImageClassifier, LinearClsHead

from fusionls import apis
from fusionls.errors import InputError, LayerMissingError
from fusionls.geo.grid import Grid
from fusionls.layers.derivation import derive
from fusionls.models.segmentors import ScreenedSegmentor
from fusionls.registry import MODELS
from fusionls.stack.store import ModalityArrays, write_stack

ROOT = Path(__file__).parents[2]
TINY = ROOT / 'tests' / 'configs' / 'tiny.py'


def segmentor():
    return apis.load_config(TINY)


def judge(backbone):
    return dict(
        type=ImageClassifier,
        backbone=backbone,
        neck=dict(type=GlobalAveragePooling),
        head=dict(type=LinearClsHead, in_channels=8, num_classes=2),
    )


def screen():
    config = segmentor()
    preprocessor = config.model.data_preprocessor
    config.model = ConfigDict(judge(config.model.backbone), data_preprocessor=preprocessor)
    return config


def two_stage():
    config = segmentor()
    config.model.type = ScreenedSegmentor
    config.model.screen = judge(config.model.backbone)
    config.model.screen_tile = 32
    return config


@pytest.fixture(scope='module', autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    """Config and checkpoint of each kind of model, by name; they have their first weights."""
    folder = tmp_path_factory.mktemp('models')
    made = {}
    for make in (segmentor, screen, two_stage):
        torch.manual_seed(0)
        config = make()
        model = MODELS.build(config.model)
        names = [name for own in config.layers.values() for name in own]
        model.data_preprocessor.set_statistics({name: (100.0, 30.0) for name in names})
        for name, weight in model.named_parameters():
            if name.endswith('head.fc.weight'):
                torch.nn.init.normal_(weight, std=1)  # so that windows differ
        path = folder / f'{make.__name__}.pth'
        torch.save({'state_dict': model.state_dict()}, path)
        made[make.__name__] = (config, path)
    return made


@pytest.fixture(scope='module')
def stack(tmp_path_factory, models):
    config, _ = models['segmentor']
    rng = np.random.default_rng(0)
    arrays = {}
    for name, layers in config.layers.items():
        factor = config.factors[name]
        shape = (96 // factor, 96 // factor)
        values = rng.normal(100, 30, (len(layers), *shape)) + np.linspace(-150, 150, shape[1])
        arrays[name] = ModalityArrays(values, rng.random(shape) > 0.1, list(layers), factor)
    grid = Grid(pyproj.CRS(32617), 500000.0, 4000000.0, 10.0, 10.0, 96, 96)
    return write_stack(tmp_path_factory.mktemp('scene') / 'stack', grid, arrays).folder


def mapped(models, stack, out, name='segmentor', **options):
    config, checkpoint = models[name]
    counts = []
    apis.predict_scene(
        config, checkpoint, stack, out, window=32, overlap=0, device='cpu',
        screened=lambda *both: counts.append(both), **options,
    )  # fmt: skip
    with rasterio.open(out) as opened:
        return opened.read(1), counts


def test_a_screen_leaves_windows_out_as_its_probability_tells(models, stack, tmp_path):
    alone = {'batch_size': 1}  # a batch of other windows is added up in another order
    plain, nothing = mapped(models, stack, tmp_path / 'plain.tif', **alone)
    assert nothing == []
    by_screen = models['screen']
    shares = []
    for threshold in (0.0, 0.01, 0.03, 0.1, 0.2, 0.5, 0.8, 0.9, 0.97, 0.99, 1.0):
        found, counts = mapped(
            models, stack, tmp_path / 'p.tif', screen=by_screen, screen_threshold=threshold, **alone
        )
        ((kept, looked),) = counts
        assert looked == 9
        shares.append(kept)
        left_out = 0
        for row in range(0, 96, 32):
            for col in range(0, 96, 32):
                place = (slice(row, row + 32), slice(col, col + 32))
                if not np.nan_to_num(found[place]).any():
                    left_out += 1
                    np.testing.assert_array_equal(np.isnan(found[place]), np.isnan(plain[place]))
                else:
                    np.testing.assert_array_equal(found[place], plain[place])
        assert left_out == looked - kept
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (9, 0)
    assert len(set(shares)) > 2


def test_a_two_stage_model_brings_its_screen(models, stack, tmp_path):
    _, ((kept, looked),) = mapped(models, stack, tmp_path / 'p.tif', 'two_stage')
    assert 0 <= kept <= looked == 9
    options = dict(screen_threshold=1.0)
    found, ((kept, _),) = mapped(models, stack, tmp_path / 'p.tif', 'two_stage', **options)
    assert kept == 0
    assert not np.nan_to_num(found).any()


def test_what_cannot_be_screened_is_refused(models, stack, tmp_path):
    by_screen = models['screen']
    with pytest.raises(InputError, match='the model has a screen of its own'):
        mapped(models, stack, tmp_path / 'p.tif', 'two_stage', screen=by_screen)
    with pytest.raises(InputError, match='but there is no screen'):
        mapped(models, stack, tmp_path / 'p.tif', screen_threshold=0.5)
    support = tmp_path / 's.tif'
    with pytest.raises(InputError, match='ask for one of the two'):
        mapped(models, stack, tmp_path / 'p.tif', screen=by_screen, support=support)
    with pytest.raises(InputError, match='judges no tiles'):
        mapped(models, stack, tmp_path / 'p.tif', screen=models['segmentor'])


def test_the_tool_says_how_many_windows_it_mapped(models, stack, tmp_path, capsys, monkeypatch):
    configs = {f'{name}.py': config for name, (config, _) in models.items()}
    monkeypatch.setattr(apis, 'load_config', lambda path, options=None: configs[path])
    words = ['segmentor.py', models['segmentor'][1], stack, tmp_path / 'p.tif', '--device', 'cpu']
    words += ['--window', 32, '--overlap', 0]
    words += ['--screen', 'screen.py', models['screen'][1], '--screen-threshold', 1]
    monkeypatch.setattr(sys, 'argv', ['predict_scene.py', *map(str, words)])
    with contextlib.suppress(SystemExit):
        run_path(str(ROOT / 'tools' / 'predict_scene.py'), run_name='__main__')
    printed = capsys.readouterr()
    assert 'mapped 0 of 9 windows' in printed.out, printed.err
    with rasterio.open(tmp_path / 'p.tif') as opened:
        assert opened.tags()['screen_threshold'] == '1'


def ground(folder, config, held):
    """A stack of smooth ground, whose terrain holds these layers."""
    rng = np.random.default_rng(3)
    arrays = {}
    for name, layers in config.layers.items():
        shape = (96 // config.factors[name],) * 2
        values, valid = rng.normal(100, 30, (len(layers), *shape)), np.ones(shape, bool)
        if name == 'terrain':
            row, col = np.mgrid[:96, :96]
            elevation = (60 * np.sin(row / 9) * np.cos(col / 7) + row).astype(np.float32)
            valid = rng.random(shape) > 0.01
            lit = derive({'terrain_elevation': (elevation, valid)}, ['terrain_hillshade'], 10.0)
            shade, lit_well = lit['terrain_hillshade']
            valid = lit_well if 'terrain_hillshade' in held else valid
            planes = {'terrain_elevation': elevation, 'terrain_hillshade': shade}
            values, layers = np.stack([planes[layer] for layer in held]), held
        arrays[name] = ModalityArrays(values, valid, list(layers), config.factors[name])
    grid = Grid(pyproj.CRS(32617), 500000.0, 4000000.0, 10.0, 10.0, 96, 96)
    return write_stack(folder, grid, arrays).folder


def test_layers_that_a_stack_lacks_are_derived_as_in_training(models, tmp_path):
    config, _ = models['segmentor']
    whole = ground(tmp_path / 'whole', config, ['terrain_elevation', 'terrain_hillshade'])
    bare = ground(tmp_path / 'bare', config, ['terrain_elevation'])
    shown = {'screen': models['screen'], 'screen_threshold': 0.0}
    for number, options in enumerate(({}, {'turns': 8}, shown)):
        one, _ = mapped(models, whole, tmp_path / f'whole_{number}.tif', **options)
        other, _ = mapped(models, bare, tmp_path / f'bare_{number}.tif', **options)
        np.testing.assert_allclose(one, other, atol=1e-5)
        assert np.nanstd(one) > 1e-3


def test_what_cannot_be_derived_is_named_with_its_cure(models, tmp_path):
    config, _ = models['segmentor']
    shaded = ground(tmp_path / 'shaded', config, ['terrain_hillshade'])
    with pytest.raises(LayerMissingError, match="no layer 'terrain_elevation'"):
        mapped(models, shaded, tmp_path / 'p.tif')
