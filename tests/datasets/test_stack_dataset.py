"""Tiles of stacks on disk are the pixels of the stack."""

import geopandas
import numpy as np
import pytest
import shapely

from fusionls.datasets import StackDataset
from fusionls.datasets.splits import TRAIN, VALIDATION
from fusionls.errors import SplitError, SplitLeakageWarning, StackError
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.stack.layer_stack import LayerStack
from fusionls.stack.store import new_stack
from fusionls.testing import made_up_scene

LAYERS = {'optical': ['optical_red', 'optical_nir'], 'insar': ['insar_coherence']}
SIDE = 128


def write(folder, scene, labels=True, called=None):
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
        stack.finish(called or scene.name)
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


def owned(folder, split, **options):
    """(SIDE, SIDE) bool: what a split sees of the only stack."""
    data = StackDataset(
        stacks=[folder], layers=LAYERS, tile=32, split=split, least_labelled=0.01, **options
    )
    return data.read_tile(0, Window(0, 0, SIDE, SIDE))[1] != 255


def test_over_all_folds_each_pixel_is_validated_once(folder):
    options = dict(scheme='folds', cell=32, block=1, folds=4, buffer=0)
    times = sum(owned(folder, 'val', fold=k, **options).astype(int) for k in range(4))
    assert (times == 1).all()
    assert not (owned(folder, 'val', **options) & owned(folder, 'train', **options)).any()


def test_the_customary_split_is_of_whole_tiles_and_warns(folder):
    options = dict(scheme='random', validation_share=0.25)
    with pytest.warns(SplitLeakageWarning):
        tiles = owned(folder, 'val', **options).reshape(4, 32, 4, 32)
    assert (tiles.all((1, 3)) == tiles.any((1, 3))).all()
    assert tiles.any((1, 3)).sum() == 4
    with pytest.warns(SplitLeakageWarning):
        data = StackDataset(stacks=[folder], layers=LAYERS, tile=32, **options)
    assert data.customary_random
    assert not StackDataset(stacks=[folder], layers=LAYERS, tile=32).customary_random


@pytest.fixture(scope='module')
def regions(tmp_path_factory):
    root = tmp_path_factory.mktemp('regions')
    return [
        write(
            root / name,
            made_up_scene(LAYERS, factors={'insar': 4}, shape=(64, 64)),
            called=name,
        )
        for name in ('north', 'south', 'east')
    ]


def names(regions, split, **options):
    data = StackDataset(stacks=regions, layers=LAYERS, tile=32, split=split, **options)
    return {data.scenes[data.get_data_info(i)['scene']][0].name for i in range(len(data))}


def test_a_region_is_left_out_whole(regions):
    options = dict(scheme='regions', held_out=['south'])
    assert names(regions, 'val', **options) == {'south'}
    assert names(regions, 'train', **options) == {'north', 'east'}


def test_folds_of_regions_hold_each_out_once(regions):
    options = dict(scheme='region_folds', folds=3)
    out = [names(regions, 'val', fold=k, **options) for k in range(3)]
    assert set().union(*out) == {'north', 'south', 'east'}
    assert [len(one) for one in out] == [1, 1, 1]
    assert names(regions, 'train', fold=0, **options) == set().union(*out) - out[0]


def test_an_unknown_scheme_or_region_is_refused_with_its_neighbours(regions):
    with pytest.raises(SplitError, match="scheme 'block' is unknown; did you mean blocks"):
        StackDataset(stacks=regions, layers=LAYERS, scheme='block')
    with pytest.raises(SplitError, match="no group 'sout'; did you mean south"):
        StackDataset(stacks=regions, layers=LAYERS, scheme='regions', held_out=['sout'])


@pytest.fixture(scope='module')
def polygons(scene, tmp_path_factory):
    """One landslide of 400 x 400 m, one of 30 x 30 m."""
    path = tmp_path_factory.mktemp('inventory') / 'mapped.gpkg'
    west, north = scene.grid.west, scene.grid.north
    shapes = [
        shapely.box(west + a, north - b, west + c, north - d)
        for a, b, c, d in ((300, 700, 700, 300), (1000, 1030, 1030, 1000))
    ]
    geopandas.GeoDataFrame(geometry=shapes, crs=scene.grid.crs).to_file(path)
    return path


def test_an_inventory_labels_a_stack_that_has_none(scene, tmp_path, polygons):
    bare = write(tmp_path / 'bare', scene, labels=False)
    data = StackDataset(
        stacks=[bare], layers=LAYERS, tile=32, inventories=[polygons],
        edge_band=20.0, least_area=1000.0,
    )  # fmt: skip
    labels = data.scenes[0][0].read_labels(Window(0, 0, SIDE, SIDE))
    assert (labels == 1).sum() == 36 * 36  # of 40 pixels two on either side do not count
    assert (labels == 255).sum() == 44 * 44 - 4 - 36 * 36 + 9  # but for four round corners
    masks, ignored = data.read_instances(0, Window(0, 0, SIDE, SIDE))
    assert sorted(masks.sum((1, 2))) == [9, 1600]
    assert sorted(ignored) == [False, True]


def test_instances_are_hidden_where_the_ground_is_anothers(folder, polygons):
    options = dict(
        stacks=[folder], layers=LAYERS, tile=32, inventories=[polygons],
        cell=16, block=1, validation_share=0.2, buffer=0, least_labelled=0.01,
    )  # fmt: skip
    whole = Window(0, 0, SIDE, SIDE)
    parts = []
    for split in ('train', 'val'):
        data = StackDataset(**options, split=split)
        masks, _ = data.read_instances(0, whole)
        own = data.scenes[0][1].allowed(whole, split)
        assert not (masks & ~own).any()
        parts.append(masks.any(0))
    both, _ = StackDataset(**options).read_instances(0, whole)
    np.testing.assert_array_equal(parts[0] | parts[1], both.any(0))


def test_a_stack_without_polygons_knows_no_instances(folder):
    assert StackDataset(stacks=[folder], layers=LAYERS, tile=32).read_instances(
        0, Window(0, 0, 32, 32)
    ) is None  # fmt: skip


def test_everything_that_is_wrong_with_stacks_is_said_at_once(scene, folder, tmp_path):
    bare = write(tmp_path / 'bare', scene, labels=False)
    with pytest.raises(StackError) as caught:
        StackDataset(stacks=[bare, folder], layers=LAYERS, cell=30, edge_band=5.0)
    text = str(caught.value)
    assert 'bare: has no labels' in text
    assert 'was labelled by a mask, which has no outlines' in text
    assert 'split cells of 30 pixels' in text
    with pytest.raises(StackError, match='1 inventories for 2 stacks; give one per stack'):
        StackDataset(stacks=[bare, folder], layers=LAYERS, inventories=['a.gpkg'])
