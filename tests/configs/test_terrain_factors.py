"""Factors of the terrain are those of the ground under the picture."""

from pathlib import Path

import numpy as np
from mmengine.registry import DATASETS

from fusionls.config import load_config

CONFIG = next((Path(__file__).parents[2] / 'configs/unet_factors').glob('*_opttertherm_*.py'))


def test_factors_of_a_real_tile_agree_with_its_published_slope(real_data, monkeypatch):
    monkeypatch.setenv('FUSIONLS_REAL_DATA', str(real_data))
    tiles = DATASETS.build(load_config(CONFIG).train_dataloader.dataset)
    info = max((tiles.get_data_info(i) for i in range(len(tiles))), key=lambda i: i['landslide'])
    inputs, _ = tiles.read_tile(info['scene'], info['window'])
    values, valid = inputs['terrain']
    names = tiles.scenes[0][0].modalities['terrain'].layers
    by_name = {
        name.removeprefix('terrain_'): plane[valid]
        for name, plane in zip(names, values, strict=True)
    }
    # the slope is the publisher's: a wrong pixel size or order of bands would show here
    assert np.corrcoef(by_name['roughness'], by_name['slope'])[0, 1] > 0.95
    assert np.corrcoef(by_name['relief_r1000'], by_name['slope'])[0, 1] > 0.7
    length = by_name['aspect_sin'] ** 2 + by_name['aspect_cos'] ** 2
    np.testing.assert_allclose(length[by_name['slope'] > 1], 1, atol=1e-5)
    for name in ('curvature_plan', 'curvature_profile'):
        assert 1e-6 < np.abs(by_name[name]).mean() < 1e-2  # per metre
