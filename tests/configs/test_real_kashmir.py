"""From the files of Kashmir as they are to a training step: terrain, geology, faults, inventory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from fusionls import apis
from fusionls.datasets.class_shares import class_shares
from fusionls.geo.vector_io import read_lines
from fusionls.registry import DATASETS
from fusionls.stack import build_stack

pytestmark = pytest.mark.real_data
ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/gated/gated_resnet10t_tergeo_1xb8_30e_kashmir_t64.py'


@pytest.fixture
def stack(real_data, tmp_path, monkeypatch):
    if not (real_data / 'kashmir_dem_inventory').is_dir():
        pytest.skip('no kashmir_dem_inventory among the public data sets')
    monkeypatch.setenv('FUSIONLS_REAL_DATA', str(real_data))
    return build_stack(ROOT / 'demo/scenes/kashmir.yaml', tmp_path / 'kashmir')


def test_a_step_is_trained_on_terrain_geology_and_faults(stack, real_data, tmp_path):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    config = apis.load_config(CONFIG, {'work_dir': str(tmp_path / 'run'), 'log_level': 'ERROR'})
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.dataset.stacks = [str(stack.folder)]
    assert {n: list(s) for n, s in class_shares(stack).items()} == dict(config.categories)
    check_tiles(config, stack, real_data)
    config.train_dataloader.dataset.indices = 24  # the first tiles
    config.val_dataloader.dataset.indices = config.test_dataloader.dataset.indices = 8
    config.train_cfg.update(max_epochs=1, val_interval=1)
    config.param_scheduler = None
    runner = apis.train(config)
    torch.set_num_threads(threads)
    sampler = runner.train_dataloader.sampler
    assert 0 < len(sampler.positives) < 24
    assert runner.iter == -(-len(sampler) // 8)
    preprocessor = runner.model.data_preprocessor
    assert preprocessor.widths == {'terrain': 2, 'geology': 20}
    mean = preprocessor.mean_geology.tolist()
    assert mean[:2] == [0.0, 0.0]  # classes are not normalised
    assert 500 < mean[2] < 5000  # metres to a fault
    (check,) = json.loads((tmp_path / 'run/leakage.json').read_text())['checks']
    assert check['compared'] == ['ground', 'contents']
    assert check['leaks'] == 0
    assert check['distance'] == pytest.approx(32 * stack.grid.pixel)


def check_tiles(config, stack, real_data):
    """Tiles say what the files say."""
    data = DATASETS.build(config.train_dataloader.dataset)
    scene = data.scenes[0][0]
    labels = scene.read_labels(stack.grid.window)
    plain = stack.read_labels(stack.grid.window)
    assert 0.012 < (plain == 1).mean() < 0.02  # 1.45 % by pixel centres alone
    assert 0.2 < (labels == 1).sum() / (plain == 1).sum() < 0.95  # edges and specks do not count
    assert ((labels == 255) & (plain != 255)).any()
    assert not ((labels == 1) & (plain == 0)).any()
    share = [data.get_data_info(i)['landslide'] for i in range(len(data))]
    assert 0 < np.mean(np.array(share) > 0) < 1
    # every vertex of a fault lies on a pixel whose centre is half a diagonal away at most
    lines = read_lines(real_data / 'kashmir_dem_inventory/Confirmed_faults.shp', stack.grid.crs)
    distance = stack.read(stack.grid.window, ['geology'])['geology'][0][2]
    vertices = lines.get_coordinates()
    row = ((stack.grid.north - vertices['y']) // stack.grid.pixel_height).astype(int)
    col = ((vertices['x'] - stack.grid.west) // stack.grid.pixel_width).astype(int)
    inside = (row >= 0) & (row < stack.grid.rows) & (col >= 0) & (col < stack.grid.cols)
    assert inside.sum() > 50
    assert distance[row[inside], col[inside]].max() <= stack.grid.pixel / 2**0.5
