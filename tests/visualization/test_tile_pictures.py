from __future__ import annotations

import numpy as np
import pytest
from matplotlib.image import imread

from fusionls.errors import InputError
from fusionls.evaluation.shown_tile import ShownTile
from fusionls.visualization import draw_tiles
from fusionls.visualization.drawing import NO_DATA, TRUTH
from fusionls.visualization.tile_pictures import OUTCOMES

LAYERS = {
    'optical': ('optical_red', 'optical_green', 'optical_blue'),
    'terrain': ('terrain_slope', 'terrain_hillshade'),
    'insar': ('insar_velocity_los',),
}


def tile(name='a', absent=(), predicted_rows=(8, 24)):
    rng = np.random.default_rng(0)
    truth = np.zeros((32, 32), np.uint8)
    truth[4:16, 4:28] = 1
    truth[28:] = 255
    predicted = np.zeros((32, 32), bool)
    predicted[slice(*predicted_rows), 4:28] = True
    inputs = {}
    for modality, names in LAYERS.items():
        side = 8 if modality == 'insar' else 32
        if modality not in absent:
            values = rng.random((len(names), side, side)).astype(np.float32)
            inputs[modality] = (values, np.ones((side, side), bool))
    return ShownTile(0.5, name, truth, predicted * np.float32(0.9), predicted, inputs)


def share_of(path, colour):
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.mean(np.abs(imread(path)[..., :3] - wanted).max(axis=-1) < 0.02)


def test_found_missed_and_false_pixels_have_their_shares(tmp_path):
    path = draw_tiles({'best': [tile()]}, LAYERS, tmp_path / 'x.png')
    shares = {name: share_of(path, colour) for name, colour in OUTCOMES.items()}
    # 8, 4 and 8 rows of the same width, beside the small squares of the legend
    assert shares['found'] == pytest.approx(2 * shares['missed'], rel=0.1)
    assert shares['found'] == pytest.approx(shares['false alarm'], rel=0.1)
    assert share_of(path, TRUTH) > 0.001


def test_a_tile_is_a_row_and_a_modality_a_column(tmp_path):
    one = imread(draw_tiles({'best': [tile()]}, LAYERS, tmp_path / '1.png')).shape
    two = imread(
        draw_tiles({'best': [tile()], 'worst': [tile('b')]}, LAYERS, tmp_path / '2.png')
    ).shape
    assert two[1] == one[1]
    assert two[0] > 1.6 * one[0]
    fewer = imread(
        draw_tiles({'best': [tile(absent=['insar', 'terrain'])]}, LAYERS, tmp_path / '3.png')
    ).shape
    assert fewer[1] == pytest.approx(one[1] * 3 / 5, rel=0.02)


def test_an_absent_modality_is_an_empty_panel(tmp_path):
    every = draw_tiles({'best': [tile(), tile('b')]}, LAYERS, tmp_path / '1.png')
    without = draw_tiles(
        {'best': [tile(), tile('b', absent=['optical'])]}, LAYERS, tmp_path / '2.png'
    )
    assert share_of(without, NO_DATA) > share_of(every, NO_DATA) + 0.03
    assert imread(every).shape == imread(without).shape


def test_no_tile_is_refused_and_nothing_is_left_behind(tmp_path):
    with pytest.raises(InputError, match='no tile shows enough'):
        draw_tiles({'best': [], 'worst': []}, LAYERS, tmp_path / 'x.png')
    with pytest.raises(InputError, match=r'name it \.png'):
        draw_tiles({'best': [tile()]}, LAYERS, tmp_path / 'x.jpg')
    assert not list(tmp_path.iterdir())
