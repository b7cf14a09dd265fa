"""Every public set gives the same sample, through the same transforms, to the same model input."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from fusionls.datasets import sample_list
from fusionls.datasets.public import CARDS, PUBLISHED
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile
from fusionls.layers.catalog import CATALOG, stem_of
from fusionls.models import FusionDataPreprocessor
from fusionls.registry import DATASETS
from fusionls.testing.layouts import LAYOUTS

BASES = Path(__file__).parents[3] / 'configs' / '_base_' / 'datasets'
every_set = pytest.mark.parametrize('name', sorted(LAYOUTS))


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """A folder with every layout, written when it is first asked for."""
    folder = tmp_path_factory.mktemp('data')

    def ready(name):
        if not (folder / name).exists():
            LAYOUTS[name](folder / name)
        return folder

    return ready


@pytest.fixture
def build(data, monkeypatch):
    """A loader's data set of a base config, on the written files."""

    def make(name, loader='train', **options):
        monkeypatch.setenv('FUSIONLS_REAL_DATA', str(data(name)))
        config = Config.fromfile(str(BASES / f'{name}.py'))
        settings = {**config[f'{loader}_dataloader'].dataset, **options}
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            return DATASETS.build(settings), config

    return make


@every_set
def test_a_sample_is_as_every_other_data_set_gives_it(build, name):
    data, config = build(name, pipeline=[LoadTile()], split='all')
    found = np.zeros(3, int)
    for number in range(len(data)):
        results = data[number]
        labels = results['labels']
        assert labels.dtype == np.uint8
        found += [(labels == value).sum() for value in (0, 1, 255)]
        assert set(np.unique(labels)) <= {0, 1, 255}
        assert results['inputs']
        for modality, (values, valid) in results['inputs'].items():
            assert results['layers'][modality] == data.scenes[0][0].modalities[modality].layers
            assert set(config.layers[modality]) <= set(results['layers'][modality])
            assert values.dtype == np.float32
            assert valid.dtype == bool
            assert values.shape == (len(results['layers'][modality]), *labels.shape)
            assert valid.shape == labels.shape
            assert np.isfinite(values).all()
            assert (values[:, ~valid] == 0).all()
            assert valid.any()
            assert results['pixels'][modality] > 0
    assert found[0] > found[1] > 0


@every_set
def test_landslides_are_where_the_pictures_are_bright(build, name):
    # the layouts have a bright patch under each mask: an axis turned or a row shifted would show
    data, _ = build(name, pipeline=[LoadTile()], split='all')
    for number in range(len(data)):
        results = data[number]
        layers = list(results['layers']['optical'])
        reds = [layer for layer in layers if '_red' in layer and not layer.endswith('_pre')]
        values, valid = results['inputs']['optical']
        red, labels = values[layers.index(reds[0])], results['labels']
        slide, none = (red[valid & (labels == label)] for label in (1, 0))
        assert slide.size == 0 or slide.min() > none.max()


@every_set
def test_samples_pass_the_transforms_and_become_a_batch(build, name):
    pipeline = [
        LoadTile(jitter=8),
        TurnTile(),
        JitterLayers(gain=0.1, offset={}),
        DropModalities(probability=0.5),
        PackTile(),
    ]
    data, config = build(name, pipeline=pipeline)
    preprocessor = FusionDataPreprocessor(layers=config.layers, factors=config.factors)
    preprocessor.set_statistics({n: (0.0, 1.0) for names in config.layers.values() for n in names})
    samples = [data[number] for number in range(min(3, len(data)))]
    batch = preprocessor(sample_list(samples), training=True)
    sides = {tuple(values.shape[2:]) for values, _ in batch['inputs'].values()}
    assert len(sides) == 1
    for sample in batch['data_samples']:
        assert tuple(sample.gt_sem_seg.data.shape[1:]) in sides
        assert set(sample.gt_sem_seg.data.unique().tolist()) <= {0, 1, 255}
    for values, valid in batch['inputs'].values():
        assert bool((values.masked_select(~valid.expand_as(values)) == 0).all())
        assert torch.isfinite(values).all()


@every_set
def test_the_loaders_share_no_tile_between_training_and_the_others(build, name):
    names = {}
    for loader in ('train', 'val', 'test'):
        data, _ = build(name, loader)
        names[loader] = {scene.name for scene, _ in data.scenes}
        assert names[loader]
    assert not names['train'] & (names['val'] | names['test'])


@pytest.mark.parametrize('card', CARDS.values(), ids=CARDS)
def test_a_card_says_all_and_names_what_there_is(card):
    assert card.dataset in DATASETS.module_dict
    for field in ('title', 'about', 'pixel', 'size', 'nodata', 'balance', 'splits', 'tree'):
        assert getattr(card, field), field
    for field in ('traps', 'licence', 'citation', 'download', 'layout_from', 'tested_on'):
        assert getattr(card, field), field
    for names in card.layers.values():
        for layer in names:
            assert layer == '(yours)' or stem_of(layer) in CATALOG


@pytest.mark.parametrize('name', sorted(set(PUBLISHED) & set(LAYOUTS)))
def test_the_layers_of_a_card_are_those_of_the_tiles(data, name):
    card, find = PUBLISHED[name]
    finding = find(data(name) / name)
    assert finding.problems == []
    assert finding.doubts == []
    said = {modality: tuple(names) for modality, names in card.layers.items()}
    for tile in finding.tiles:
        assert {m: modality.layers for m, modality in tile.modalities.items()} == said


def test_layers_without_a_unit_say_so():
    # a scaled band must not be taken for a reflectance, nor a scaled elevation for metres
    for name in (name for name in CATALOG if name.endswith('_scaled')):
        assert CATALOG[name].quantity.unit == '1'
        assert CATALOG[name].derivation is None
        assert stem_of(name) == name
