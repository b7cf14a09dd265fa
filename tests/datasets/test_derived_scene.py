"""A scene that lacks layers shows those that follow from what it holds, as a stack would."""

import copy
import pickle

import numpy as np
import pytest

from fusionls.datasets.derived_scene import with_derived
from fusionls.datasets.tile_dataset import TileDataset
from fusionls.datasets.transforms import DeriveLayers, LoadTile, PackTile, TurnTile, WarpTile
from fusionls.errors import LayerMissingError
from fusionls.geo.window import Window
from fusionls.layers.derivation import derive
from fusionls.quantities import Kind
from fusionls.testing import made_up_scene

HELD = {'optical': ['optical_red'], 'terrain': ['terrain_elevation']}
NAMES = ['terrain_slope', 'terrain_hillshade', 'terrain_tpi_r60']
WANTED = {'optical': ['optical_red'], 'terrain': NAMES}
FACTORS = {'terrain': 2}


def scene(holes=0.0):
    return made_up_scene(HELD, factors=FACTORS, shape=(96, 96), holes=holes)


@pytest.mark.parametrize('holes', [0.0, 0.1])
@pytest.mark.parametrize('window', [Window(20, 30, 40, 24), Window(-8, 80, 30, 30)])
def test_a_window_shows_what_the_whole_scene_gives(window, holes):
    given = scene(holes)
    seen = with_derived(given, WANTED)
    found, valid = seen.read(window)['terrain']
    terrain = given.modalities['terrain']
    whole = derive({'terrain_elevation': (terrain.values[0], terrain.valid)}, NAMES, 20.0)
    sound = np.logical_and.reduce([terrain.valid, *(ok for _, ok in whole.values())])
    expected = np.zeros((4, 96, 96), np.float32)  # with ground around it where there is none
    around = np.zeros((96, 96), bool)
    middle = (slice(24, 72), slice(24, 72))
    expected[:, *middle] = np.stack([terrain.values[0], *(whole[n][0] for n in NAMES)]) * sound
    around[middle] = sound
    row, col = window.row // 2 + 24, window.col // 2 + 24
    here = (slice(row, row + window.height // 2), slice(col, col + window.width // 2))
    assert np.array_equal(valid, around[here])
    np.testing.assert_allclose(found, expected[:, *here], atol=1e-6)
    assert 0 < valid.mean() < 1 or window.row > 0


def test_modalities_that_lack_nothing_are_read_as_they_are():
    given = scene()
    assert with_derived(given, HELD) is given
    seen = with_derived(given, WANTED)
    window = Window(0, 0, 32, 32)
    assert set(seen.read(window, ['optical'])) == {'optical'}
    for one, other in zip(seen.read(window)['optical'], given.read(window)['optical'], strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(seen.read_labels(window), given.read_labels(window))
    assert (seen.name, seen.pixel) == (given.name, given.pixel)


def test_it_goes_to_other_processes():
    seen = with_derived(scene(), WANTED)
    for twin in (copy.deepcopy(seen), pickle.loads(pickle.dumps(seen))):
        window = Window(8, 8, 16, 16)
        assert np.array_equal(twin.read(window)['terrain'][0], seen.read(window)['terrain'][0])


class Elevations(TileDataset):
    """A scene without holes that holds an elevation."""

    def open_scenes(self):
        return [(made_up_scene(HELD, factors=FACTORS, shape=(128, 128), holes=0.0), None)]


def data(pipeline, layers=WANTED):
    return Elevations(layers=layers, tile=32, pipeline=pipeline)


def test_a_data_set_takes_layers_that_its_scenes_do_not_hold():
    tiles = data([LoadTile(), PackTile()])
    assert tiles.kinds(0, 'terrain') == (
        Kind.CONTINUOUS, Kind.CONTINUOUS, Kind.LIT, Kind.CONTINUOUS,
    )  # fmt: skip
    packed = tiles[5]['inputs']['terrain']
    assert packed[0].shape == (3, 16, 16)


def test_layers_derived_after_a_turn_are_those_of_the_turned_ground():
    wanted = {'terrain': NAMES}
    plain = data([LoadTile(context=32), DeriveLayers(layers=wanted, margin=32)])
    turned = data([LoadTile(context=32), TurnTile(), DeriveLayers(layers=wanted, margin=32)])
    differ = 0
    for index in (5, 6, 9, 10):  # away from the rim of the scene
        one, other = plain[index]['inputs']['terrain'], turned[index]['inputs']['terrain']
        elevation, rest = one[0][0], other[0]
        ways = [
            (q, m)
            for q in range(4)
            for m in (False, True)
            if np.array_equal(np.rot90(elevation[:, ::-1] if m else elevation, q), rest[0])
        ]
        assert len(ways) == 1
        (quarters, mirror), slopes = ways[0], one[0][1]
        expected = np.rot90(slopes[:, ::-1] if mirror else slopes, quarters)
        np.testing.assert_allclose(rest[1], expected, atol=1e-4)
        differ += quarters > 0 or mirror
    assert differ


def test_a_pipeline_that_warps_packs_what_the_model_reads():
    tiles = data(
        [
            LoadTile(context=32),
            WarpTile(size=48),
            DeriveLayers(layers={'terrain': NAMES}, margin=8),
            PackTile(),
        ]
    )
    inputs = tiles[5]['inputs']
    assert inputs['terrain'][0].shape == (3, 16, 16)
    assert inputs['optical'][0].shape == (1, 32, 32)
    assert all(valid.all() for _, valid in inputs.values())


def test_layers_that_do_not_follow_are_still_missing():
    with pytest.raises(LayerMissingError, match=r'(?s)2 problems.*terrain_twi.*optical_ndvi'):
        data([], {'terrain': ['terrain_twi', 'terrain_slope'], 'optical': ['optical_ndvi']})
