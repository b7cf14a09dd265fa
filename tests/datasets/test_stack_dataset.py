"""Tiles of stacks on disk are the pixels of the stack."""

import numpy as np
import pytest

from fusionls.datasets import StackDataset
from fusionls.datasets.splits import TRAIN, VALIDATION
from fusionls.errors import StackError
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.stack.layer_stack import LayerStack
from fusionls.stack.store import new_stack
from fusionls.testing import made_up_scene

LAYERS = {'optical': ['optical_red', 'optical_nir'], 'insar': ['insar_coherence']}
SIDE = 128


def write(folder, scene, labels=True):
    """A made-up scene as a stack on disk."""
    with new_stack(folder, scene.grid) as stack:
        for name, modality in scene.modalities.items():
            quantities = {layer: layer_spec(layer).quantity for layer in modality.layers}
            with stack.modality(name, quantities, modality.factor) as writer:
                rows, cols = modality.valid.shape
                writer.write(modality.values, modality.valid, Window(0, 0, rows, cols))
        if labels:
            with stack.labels() as writer:
                writer.write(scene.labels, scene.grid.window, 1)
        stack.finish(scene.name)
    return folder


@pytest.fixture(scope='module')
def scene():
    return made_up_scene(LAYERS, factors={'insar': 4}, shape=(SIDE, SIDE))


@pytest.fixture(scope='module')
def folder(scene, tmp_path_factory):
    return write(tmp_path_factory.mktemp('stacks') / 'one', scene)


def test_a_stack_on_disk_reads_as_the_scene_it_was_written_from(scene, folder):
    stack = LayerStack.open(folder)
    for window in (Window(32, 64, 32, 32), Window(-32, 96, 64, 64)):
        read, expected = stack.read(window), scene.read(window)
        for name in LAYERS:
            np.testing.assert_array_equal(read[name][0], expected[name][0])
            np.testing.assert_array_equal(read[name][1], expected[name][1])
        np.testing.assert_array_equal(stack.read_labels(window), scene.read_labels(window))


def test_all_tiles_of_whole_stacks(folder):
    data = StackDataset(stacks=[folder, folder], layers=LAYERS, tile=32)
    assert len(data) == 2 * 16


def test_train_and_validation_tiles_share_no_pixel(folder):
    options = dict(
        stacks=[folder], layers=LAYERS, tile=32, cell=16, block=1, validation_share=0.2, buffer=1
    )
    owned = {}
    for split in ('train', 'val'):
        data = StackDataset(**options, split=split, least_labelled=0.01)
        _, labels = data.read_tile(0, Window(0, 0, SIDE, SIDE))
        owned[split] = labels != 255
        number = {'train': TRAIN, 'val': VALIDATION}[split]
        cells = np.kron(data.scenes[0][1].owner == number, np.ones((16, 16))).astype(bool)
        np.testing.assert_array_equal(owned[split], cells)
    assert not (owned['train'] & owned['val']).any()
    assert owned['train'].any()
    assert owned['val'].any()


def test_the_split_follows_its_seed(folder):
    def owner(seed):
        data = StackDataset(
            stacks=[folder],
            layers=LAYERS,
            tile=32,
            cell=16,
            block=1,
            validation_share=0.2,
            split='train',
            split_seed=seed,
        )
        return data.scenes[0][1].owner.tobytes()

    assert owner(0) == owner(0)
    assert len({owner(seed) for seed in range(4)}) > 1


def test_a_stack_without_labels_is_refused(scene, tmp_path):
    bare = write(tmp_path / 'bare', scene, labels=False)
    with pytest.raises(StackError, match='bare: has no labels; give `landslides:`'):
        StackDataset(stacks=[bare], layers=LAYERS)


def test_split_cells_that_cut_coarse_pixels_are_refused(folder):
    with pytest.raises(StackError, match=r'split cells of 30 pixels cut the pixels .* \(4\)'):
        StackDataset(stacks=[folder], layers=LAYERS, cell=30)


def test_a_folder_that_is_no_stack_is_refused(tmp_path):
    with pytest.raises(StackError, match='is no stack'):
        StackDataset(stacks=[tmp_path], layers=LAYERS)
