"""The detector's boxes of a stack on disk, and what its InSAR says of them."""

from pathlib import Path

import geopandas
import numpy as np
import pyproj
import pytest
import torch

from fusionls import apis
from fusionls.errors import InputError, LayerMissingError
from fusionls.geo.grid import Grid
from fusionls.stack.store import ModalityArrays, write_stack

ROOT = Path(__file__).parents[2]
LEAF = 'configs/insar_decision/insar_decision_cspdarknettiny_opt_1xb8_30e_valley_t128.py'
OPTICAL = ['optical_red', 'optical_green', 'optical_blue', 'optical_nir']


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """A detector that has learned nothing and is a quarter sure of a box in every place."""
    from fusionls.registry import MODELS

    torch.manual_seed(0)
    model = MODELS.build(apis.load_config(ROOT / LEAF).model)
    model.init_weights()
    for layer in (*model.bbox_head.multi_level_conv_cls, *model.bbox_head.multi_level_conv_obj):
        layer.bias.data.zero_()
    model.data_preprocessor.set_statistics({name: (0.0, 1.0) for name in OPTICAL})
    path = tmp_path_factory.mktemp('model') / 'epoch_0.pth'
    torch.save({'state_dict': model.state_dict()}, path)
    return path


def stack(folder, velocity_layer='insar_velocity_los'):
    """A slope that moves at 4 cm/yr in the middle of 64 x 64 pixels of 5 m."""
    rng = np.random.default_rng(0)
    velocity = np.zeros((1, 16, 16))
    velocity[0, 6:10, 4:9] = -0.04
    return write_stack(
        folder,
        Grid(pyproj.CRS.from_epsg(32617), 500000.0, 4000000.0, 5.0, 5.0, 64, 64),
        {
            'optical': ModalityArrays(rng.random((4, 64, 64)), np.ones((64, 64), bool), OPTICAL),
            'insar': ModalityArrays(velocity, np.ones((16, 16), bool), [velocity_layer], 4),
        },
    )


def test_the_tool_writes_boxes_and_reports_moving_ground_without_one(checkpoint, tmp_path, run):
    stack(tmp_path / 'scene')
    out = tmp_path / 'boxes.gpkg'
    where = (ROOT / LEAF, checkpoint, tmp_path / 'scene', out)
    how = ('--window', 64, '--overlap', 0, '--device', 'cpu', '--least-score', 0.9)
    code, said, errors = run('detect_scene.py', *where, *how)
    assert code == 0, errors
    assert f'wrote {out}: 0 active, 0 quiet, 0 unseen, 1 undetected' in said
    found = geopandas.read_file(out)
    west, south, east, north = found.total_bounds
    assert (west, south, east, north) == (500080, 3999800, 500180, 3999880)
    np.testing.assert_allclose(found['score'], 0.04 / 0.05, rtol=1e-6)


def in_place(frame):
    """Rows by where they lie, since many score the same."""
    edges = frame.bounds
    return frame.assign(**edges).sort_values(list(edges.columns))


def test_boxes_are_those_of_the_model_and_insar_only_judges_them(checkpoint, tmp_path):
    config = apis.load_config(ROOT / LEAF, {'active_deformation.least_share': 0.01})
    opened = stack(tmp_path / 'scene')
    options = dict(window=64, overlap=0, device='cpu')
    joined = apis.detect_scene(config, checkpoint, opened.folder, tmp_path / 'a.gpkg', **options)
    config.active_deformation = None
    alone = apis.detect_scene(config, checkpoint, opened.folder, tmp_path / 'b.gpkg', **options)
    assert set(alone['verdict']) == {'unseen'}
    assert (alone['score'] == alone['detector_score']).all()
    judged = joined[joined['verdict'] != 'undetected']
    assert {'active', 'quiet'} <= set(judged['verdict'])
    before, after = in_place(alone), in_place(judged)
    assert before.geometry.tolist() == after.geometry.tolist()
    moved = after['active_share'].to_numpy() > 0
    assert (after['score'].to_numpy()[moved] > before['score'].to_numpy()[moved]).all()
    assert (after['score'].to_numpy()[~moved] == before['score'].to_numpy()[~moved]).all()


def test_another_velocity_layer_is_named(checkpoint, tmp_path):
    config = apis.load_config(ROOT / LEAF)
    opened = stack(tmp_path / 'scene', 'insar_velocity_los_asc')
    with pytest.raises(LayerMissingError, match='did you mean insar_velocity_los_asc'):
        apis.detect_scene(config, checkpoint, opened.folder, tmp_path / 'a.gpkg')


def test_an_unknown_rule_is_named(checkpoint, tmp_path):
    config = apis.load_config(ROOT / LEAF)
    config.active_deformation.least_sped = 0.1
    opened = stack(tmp_path / 'scene')
    with pytest.raises(InputError, match="no 'least_sped'; did you mean least_speed"):
        apis.detect_scene(config, checkpoint, opened.folder, tmp_path / 'a.gpkg')
