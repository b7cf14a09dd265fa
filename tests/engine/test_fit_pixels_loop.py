"""A forest is trained, tested and mapped by the verbs of every other model."""

from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import torch
from mmengine.config import ConfigDict

from fusionls import apis
from fusionls.engine.fit_pixels_loop import FitPixelsLoop
from fusionls.errors import InputError
from fusionls.geo.grid import Grid
from fusionls.models.encoders.pixel_features import PixelFeatures
from fusionls.models.heads.forest_head import ForestHead
from fusionls.models.segmentors.pixel_classifier import PixelClassifier
from fusionls.stack.store import ModalityArrays, write_stack

TINY = Path(__file__).parents[1] / 'configs' / 'tiny.py'


def forest(folder, epochs=2):
    config = apis.load_config(TINY, {'work_dir': str(folder)})
    channels = {modality: len(names) for modality, names in config.layers.items()}
    config.model = ConfigDict(
        type=PixelClassifier,
        data_preprocessor=config.model.data_preprocessor,
        backbone=dict(type=PixelFeatures, channels=channels, factors=dict(config.factors)),
        decode_head=dict(type=ForestHead, trees=4, leaves=8),
        pixels_per_tile=50,
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
    )
    config.train_cfg = ConfigDict(type=FitPixelsLoop, max_epochs=epochs, val_interval=epochs)
    config.pop('param_scheduler')
    return config


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp('forest')
    return apis.train(forest(folder)), folder / 'epoch_2.pth'


def test_the_checkpoint_after_the_last_epoch_holds_the_fit(trained):
    runner, path = trained
    loaded = apis.load_model(forest(path.parent), path, 'cpu')
    assert loaded.decode_head.threshold.isfinite().any()
    for name, value in runner.model.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name


def test_the_same_seed_gives_the_same_forest(trained, tmp_path):
    runner, _ = trained
    again = apis.train(forest(tmp_path))
    assert torch.equal(runner.model.decode_head.threshold, again.model.decode_head.threshold)


def test_it_is_scored_like_any_segmentor(trained, tmp_path):
    _, path = trained
    scores = apis.evaluate(forest(path.parent), path, out=tmp_path)
    assert 0 <= scores['landslide/iou'] <= 1
    assert 'ece' in (tmp_path / 'metrics.md').read_text()


def test_the_map_of_a_scene_is_that_of_its_pixels_whatever_the_windows(trained, tmp_path):
    _, path = trained
    config = forest(path.parent)
    rng = np.random.default_rng(0)
    rows = cols = 80
    layers = {m: list(names) for m, names in config.layers.items()}
    arrays = {}
    for name, names in layers.items():
        factor = config.factors[name]
        shape = (rows // factor, cols // factor)
        values = rng.normal(100, 30, (len(names), *shape))
        arrays[name] = ModalityArrays(values, rng.random(shape) > 0.2, names, factor)
    grid = Grid(pyproj.CRS(32617), 500000.0, 4000000.0, 10.0, 10.0, rows, cols)
    stack = write_stack(tmp_path / 'scene', grid, arrays).folder
    maps = []
    for window, overlap in ((32, 8), (96, 0)):
        out = tmp_path / f'{window}.tif'
        apis.predict_scene(config, path, stack, out, window=window, overlap=overlap, device='cpu')
        with rasterio.open(out) as opened:
            maps.append(opened.read(1))
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-6)
    assert np.nanstd(maps[0]) > 0.01


def test_a_fit_cannot_be_resumed_half_way(trained, tmp_path):
    _, path = trained
    before = path.with_name('epoch_1.pth')
    with pytest.raises(InputError, match='of epoch 1 of 2, before the fit'):
        apis.train(forest(tmp_path), resume=str(before))
