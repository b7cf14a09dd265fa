"""The index finds the tiles that reading everything finds, and reads little."""

import numpy as np
import pytest

from fusionls.datasets.splits import random_blocks
from fusionls.datasets.tile_index import indexed_tiles, share_within
from fusionls.datasets.tiling import tile_windows
from fusionls.geo.raster import any_valid
from fusionls.geo.window import Window
from fusionls.testing import ArrayScene, made_up_scene
from fusionls.testing.scenes import ArrayModality

LAYERS = {
    'optical': ['optical_red', 'optical_green'],
    'insar': ['insar_coherence'],
    'terrain': ['terrain_slope'],
}


class Counting:
    """A scene that remembers which modalities were read, and where."""

    def __init__(self, scene, valid_shares=()):
        self.scene, self.reads = scene, []
        self.modalities = {
            name: Stated(part, dict(valid_shares).get(name, 0.5))
            for name, part in scene.modalities.items()
        }

    def __getattr__(self, name):
        return getattr(self.scene, name)

    def read(self, window, modalities=None):
        self.reads += [(name, window) for name in modalities]
        return self.scene.read(window, modalities)


class Stated:
    def __init__(self, part, valid_share):
        self.layers, self.factor, self.valid_share = part.layers, part.factor, valid_share


@pytest.fixture(scope='module')
def scene():
    scene = made_up_scene(LAYERS, factors={'insar': 4}, shape=(256, 256), holes=0.5)
    scene.labels[:, 200:] = 255
    return scene


@pytest.mark.parametrize('least', [1e-9, 0.3, 0.8])
@pytest.mark.parametrize('split', ['train', 'val', None])
def test_it_finds_what_reading_everything_finds(scene, least, split):
    owners = random_blocks((256, 256), 16, 2, 0.3, 1, seed=1) if split else None
    expected = []
    for window in tile_windows((256, 256), 32, 16):
        counts = scene.read_labels(window) != 255
        if owners is not None:
            counts &= owners.allowed(window, split)
        counts &= any_valid(scene.read(window), counts.shape)
        if counts.mean() >= least:
            expected.append(window)
    windows = tile_windows((256, 256), 32, 16)
    found = list(indexed_tiles(scene, owners, split or 'all', windows, least, LAYERS))
    assert [tile.window for tile in found] == expected
    assert 0 < len(expected) < len(windows)


def test_the_landslide_share_is_that_of_the_splits_own_ground(scene):
    owners = random_blocks((256, 256), 16, 2, 0.3, 1, seed=1)
    for tile in indexed_tiles(scene, owners, 'train', tile_windows((256, 256), 32), 0.1, LAYERS):
        own = owners.allowed(tile.window, 'train')
        assert tile.landslide == ((scene.read_labels(tile.window) == 1) & own).mean()


def test_the_cheapest_modality_is_read_first_and_others_only_where_it_is_not_enough(scene):
    counting = Counting(scene)
    list(indexed_tiles(counting, None, 'all', tile_windows((256, 256), 32), 0.2, LAYERS))
    read = {name: [w for n, w in counting.reads if n == name] for name in LAYERS}
    assert len(read['optical']) < len(read['terrain']) < len(read['insar'])
    for window in read['terrain']:
        labelled = scene.read_labels(window) != 255
        seen = any_valid(scene.read(window, ['insar']), labelled.shape)
        assert (labelled & seen).mean() < 0.2


def test_nothing_is_read_of_layers_where_one_is_valid_everywhere(scene):
    counting = Counting(scene, {'terrain': 1.0})
    found = list(indexed_tiles(counting, None, 'all', tile_windows((256, 256), 32), 0.2, LAYERS))
    assert found
    assert counting.reads == []


def test_the_share_within_ranges_is_that_of_pixels_where_all_hold():
    slope = np.tile(np.arange(16, dtype=np.float32), (16, 1))  # 0 to 15, by column
    green = np.repeat(np.arange(4, dtype=np.float32), 4).reshape(4, 4)  # 0 to 3, by row
    scene = ArrayScene(
        'two',
        {
            'terrain': ArrayModality(('terrain_slope',), slope[None], np.ones((16, 16), bool)),
            'optical': ArrayModality(
                ('optical_red', 'optical_green'),
                np.stack([green, green]),
                np.ones((4, 4), bool) & (np.arange(4) > 0)[:, None].T,
                4,
            ),
        },
        np.zeros((16, 16), np.uint8),
    )
    whole = Window(0, 0, 16, 16)
    assert share_within(scene, whole, {'terrain_slope': (12, None)}) == 4 / 16
    assert share_within(scene, whole, {'terrain_slope': (None, 7)}) == 8 / 16
    both = {'terrain_slope': (2, 7), 'optical_green': (None, 1)}
    assert share_within(scene, whole, both) == 4 * 8 / 256  # columns 4 to 7: 0 to 3 see no green
    assert share_within(scene, whole, {'terrain_slope': (0, None), 'optical_nir': (0, 1)}) == 0
