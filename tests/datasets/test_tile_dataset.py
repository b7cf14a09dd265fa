"""Tiles show only the ground and the modalities they may show."""

import numpy as np
import pytest

from fusionls.datasets.splits import NOBODY, TRAIN, VALIDATION, SplitMap
from fusionls.datasets.tile_dataset import TileDataset
from fusionls.errors import InputError, LayerMissingError, SplitError
from fusionls.geo.window import Window
from fusionls.quantities import Kind
from fusionls.testing import ArraySceneDataset, made_up_scene

LAYERS = {'optical': ['optical_red'], 'insar': ['insar_coherence']}
OWNER = np.array([[TRAIN, NOBODY, VALIDATION]], np.uint8)


class Split(TileDataset):
    """A scene of three cells: training, nobody's, validation."""

    def open_scenes(self):
        scene = made_up_scene(LAYERS, factors={'insar': 4}, shape=(32, 96), holes=0.0)
        return [(scene, SplitMap(32, OWNER))]


@pytest.mark.parametrize(('split', 'col'), [('train', 0), ('val', 64)])
def test_tiles_of_a_split_lie_on_its_ground(split, col):
    data = Split(layers=LAYERS, split=split, tile=32)
    assert [info['window'] for info in data] == [Window(0, col, 32, 32)]


@pytest.mark.parametrize(('split', 'own'), [('train', (0, 32)), ('val', (64, 96))])
def test_a_tile_sees_nothing_of_other_ground(split, own):
    data = Split(layers=LAYERS, split=split, tile=32)
    inputs, labels = data.read_tile(0, Window(0, 0, 32, 96))
    plain = data.scenes[0][0].read(Window(0, 0, 32, 96))
    inside = np.zeros(96, bool)
    inside[slice(*own)] = True
    for modality, (values, valid) in inputs.items():
        seen = inside[:: 96 // valid.shape[1]]
        assert (valid == seen).all()
        assert (values[..., ~seen] == 0).all()
        np.testing.assert_array_equal(values[..., seen], plain[modality][0][..., seen])
    assert (labels[:, ~inside] == 255).all()
    assert (labels[:, inside] != 255).all()


def test_all_ground_is_seen_by_all():
    data = Split(layers=LAYERS, split='all', tile=32)
    assert len(data) == 3
    inputs, labels = data.read_tile(0, Window(0, 0, 32, 96))
    assert all(valid.all() for _, valid in inputs.values())
    assert (labels != 255).all()


class Half(TileDataset):
    """A scene whose InSAR covers the left half, and whose right quarter nobody saw at all."""

    def open_scenes(self):
        scene = made_up_scene(LAYERS, factors={'insar': 4}, shape=(32, 128), holes=0.0)
        scene.modalities['insar'].valid[:, 16:] = False
        scene.modalities['optical'].valid[:, 96:] = False
        return [(scene, None)]


def columns(**options):
    return [info['window'].col for info in Half(layers=LAYERS, tile=32, **options)]


def test_tiles_that_show_nothing_are_left_out():
    assert columns() == [0, 32, 64]
    assert columns(modalities=['optical']) == [0, 32, 64]
    assert columns(modalities=['insar']) == [0, 32]


def test_only_the_modalities_asked_for_are_read():
    data = Half(layers=LAYERS, tile=32, modalities=['insar'])
    assert set(data.read_tile(0, Window(0, 0, 32, 32))[0]) == {'insar'}


@pytest.mark.parametrize('names', [['insra'], []])
def test_modalities_that_are_not_there_are_refused(names):
    with pytest.raises(LayerMissingError, match='not among the layers of the data set'):
        Half(layers=LAYERS, tile=32, modalities=names)


def test_a_split_without_tiles_is_refused_by_name():
    with pytest.raises(SplitError, match="split 'train' holds no tile of 32 pixels with at least"):
        Split(layers=LAYERS, split='train', tile=32, least_labelled=1.5)


@pytest.mark.parametrize('options', [{'tile': 30}, {'tile': 32, 'step': 10}])
def test_tiles_that_cut_coarse_pixels_are_refused(options):
    with pytest.raises(InputError, match='cut the pixels of its coarsest modality; use multiples'):
        Split(layers=LAYERS, **options)


def test_all_missing_layers_are_named_at_once():
    wanted = {'optical': ['optical_red', 'optical_gren'], 'lidr': ['lidar_slope']}
    with pytest.raises(LayerMissingError) as caught:
        ArraySceneDataset(
            layers=wanted,
            scene_layers={'optical': ['optical_green', 'optical_red'], 'lidar': ['lidar_slope']},
            tile=32,
        )
    text = str(caught.value)
    assert "no layer 'optical_gren'; did you mean optical_green" in text
    assert "no modality 'lidr'; did you mean lidar" in text
    assert '2 problems' in text


def test_kinds_follow_the_layers_of_the_scene():
    layers = {'terrain': ['terrain_elevation', 'terrain_hillshade']}
    data = ArraySceneDataset(layers=layers, tile=32)
    assert data.kinds(0, 'terrain') == (Kind.CONTINUOUS, Kind.LIT)
