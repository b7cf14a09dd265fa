"""Pre-training sees the layers of a scene and none of its labels."""

import numpy as np

from fusionls.datasets.unlabelled_scene import UnlabelledScene
from fusionls.geo.window import Window
from fusionls.testing import ArraySceneDataset, made_up_scene

LAYERS = {'optical': ['optical_red'], 'insar': ['insar_velocity_los']}


def test_labels_are_none_on_the_grid_and_unknown_outside():
    scene = UnlabelledScene(made_up_scene(LAYERS, shape=(32, 32)))
    labels = scene.read_labels(Window(-4, 8, 16, 32))
    assert (labels[:4] == 255).all()
    assert (labels[4:, :24] == 0).all()
    assert (labels[4:, 24:] == 255).all()


def test_layers_are_those_of_the_scene():
    scene = made_up_scene(LAYERS, shape=(32, 32))
    window = Window(4, 4, 16, 16)
    for name, (values, valid) in UnlabelledScene(scene).read(window).items():
        expected = scene.read(window)[name]
        assert np.array_equal(values, expected[0])
        assert np.array_equal(valid, expected[1])


def test_a_data_set_without_labels_has_every_tile_with_something_to_see():
    options = dict(layers=LAYERS, tile=16, shape=(64, 64))
    labelled, unlabelled = (
        ArraySceneDataset(**options),
        ArraySceneDataset(labelled=False, **options),
    )
    assert len(unlabelled) >= len(labelled) > 0
    assert all(info['landslide'] == 0 for info in unlabelled.load_data_list())
