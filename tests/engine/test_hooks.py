"""Training survives interruption to the bit, and statistics are fitted once from training tiles."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from torch.utils.data import DataLoader

from fusionls import apis
from fusionls.datasets import sample_list
from fusionls.datasets.statistics import layer_statistics
from fusionls.engine.hooks import check_categories
from fusionls.errors import CheckpointMismatchError, InputError
from fusionls.models.checkpoints import read_checkpoint
from fusionls.registry import DATASETS, HOOKS

CONFIG = Path(__file__).parents[1] / 'configs' / 'tiny.py'


@HOOKS.register_module()
class PullThePlug(Hook):
    """Ends the run without warning, in the middle of an epoch."""

    def __init__(self, iteration):
        self.iteration = iteration

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration:
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def tiny(folder, **options):
    return apis.load_config(CONFIG, {'work_dir': str(folder), **options})


def averaged(config):
    config.custom_hooks.append(config.averaging)
    return config


def tensors(checkpoint):
    """All tensors of a checkpoint that say where training stands."""
    found = {}

    def walk(part, path):
        if isinstance(part, torch.Tensor):
            found[path] = part
        elif isinstance(part, dict):
            for key, value in part.items():
                walk(value, f'{path}/{key}')
        elif isinstance(part, list | tuple):
            for i, value in enumerate(part):
                walk(value, f'{path}/{i}')

    for key in ('state_dict', 'ema_state_dict', 'optimizer'):
        walk(checkpoint.get(key, {}), key)
    return found


def assert_same(one, other):
    one, other = (tensors(read_checkpoint(folder / 'epoch_3.pth')) for folder in (one, other))
    assert set(one) == set(other)
    assert len(one) > 50
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.fixture(scope='module')
def in_one_go(tmp_path_factory):
    """Work folder of an averaged run that nobody interrupted."""
    folder = tmp_path_factory.mktemp('in_one_go')
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    apis.train(averaged(tiny(folder)))
    torch.set_num_threads(threads)
    return folder


def interrupted(config, iteration):
    config.custom_hooks.append(dict(type='fusionls.PullThePlug', iteration=iteration))
    with pytest.raises(KeyboardInterrupt):
        apis.train(config)
    config.custom_hooks.pop()
    return config


@pytest.mark.parametrize(
    'iteration', [3, 5, 6], ids=['epoch_1_done', 'amid_epoch_2', 'epoch_2_done']
)
def test_interrupted_and_resumed_gives_the_weights_of_one_go(iteration, in_one_go, tmp_path):
    config = interrupted(averaged(tiny(tmp_path)), iteration)
    assert not (tmp_path / 'epoch_3.pth').exists()
    runner = apis.train(config, resume=True)
    assert runner.epoch == 3
    assert_same(in_one_go, tmp_path)


def test_the_same_without_averaged_weights_and_from_a_named_checkpoint(tmp_path):
    apis.train(tiny(tmp_path / 'whole'))
    config = interrupted(tiny(tmp_path / 'parts'), 4)
    apis.train(config, resume=str(tmp_path / 'parts' / 'epoch_1.pth'))
    assert_same(tmp_path / 'whole', tmp_path / 'parts')


@pytest.mark.parametrize('persistent', [False, True])
def test_loader_workers_change_no_weight(persistent, in_one_go, tmp_path):
    config = averaged(tiny(tmp_path))
    config.train_dataloader.update(num_workers=2, persistent_workers=persistent)
    apis.train(config)
    assert_same(in_one_go, tmp_path)


def test_another_seed_gives_other_weights(in_one_go, tmp_path):
    apis.train(averaged(tiny(tmp_path, **{'randomness.seed': 1})))
    one = tensors(read_checkpoint(in_one_go / 'epoch_3.pth'))
    other = tensors(read_checkpoint(tmp_path / 'epoch_3.pth'))
    assert any(not torch.equal(one[name], other[name]) for name in one)


def fixed(batches):
    """Batches as comparable bytes."""
    return [
        [
            sorted(
                (m, values.numpy().tobytes(), valid.numpy().tobytes())
                for m, (values, valid) in sample.items()
            )
            for sample in batch['inputs']
        ]
        for batch in batches
    ]


@pytest.mark.parametrize('persistent', [False, True])
def test_workers_give_the_batches_of_none_in_every_epoch(persistent):
    config = tiny('unused').train_dataloader.dataset
    plain, worked = DATASETS.build(config), DATASETS.build(config)
    options = dict(batch_size=3, collate_fn=sample_list)
    alone = DataLoader(plain, **options)
    helped = DataLoader(worked, num_workers=2, persistent_workers=persistent, **options)
    epochs = []
    for epoch in range(3):
        plain.epoch = worked.epoch = epoch
        epochs.append(fixed(alone))
        assert fixed(helped) == epochs[-1]
    assert epochs[0] != epochs[1] != epochs[2]  # and no two epochs draw alike


def test_draws_depend_on_seed_epoch_and_index_alone():
    config = tiny('unused').train_dataloader.dataset
    dataset = DATASETS.build(config)
    np.random.seed(0)
    torch.manual_seed(0)
    first = fixed([sample_list([dataset[4]])])
    np.random.seed(1)
    torch.manual_seed(1)
    for other in (0, 7, 2):
        dataset[other]
    assert fixed([sample_list([dataset[4]])]) == first
    dataset.seed = 5
    assert fixed([sample_list([dataset[4]])]) != first


def test_statistics_are_those_of_the_training_tiles_and_travel_in_the_checkpoint(in_one_go):
    state = read_checkpoint(in_one_go / 'epoch_3.pth')
    dataset = DATASETS.build(tiny('unused').train_dataloader.dataset)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    tiles = [dataset.read_tile(info['scene'], info['window'])[0] for info in infos]
    expected = layer_statistics(tiles, dataset.layers)
    weights = state['state_dict']
    assert float(weights['data_preprocessor.fitted']) == 1.0
    for modality, names in dataset.layers.items():
        means, deviations = zip(*(expected[name] for name in names), strict=True)
        np.testing.assert_allclose(weights[f'data_preprocessor.mean_{modality}'], means, rtol=1e-6)
        np.testing.assert_allclose(
            weights[f'data_preprocessor.deviation_{modality}'], deviations, rtol=1e-6
        )
    assert state['meta']['fusionls']['layers'] == {m: list(n) for m, n in dataset.layers.items()}


def test_statistics_of_a_checkpoint_are_kept(in_one_go, tmp_path):
    config = tiny(tmp_path, **{'train_cfg.max_epochs': 1})
    config.load_from = str(in_one_go / 'epoch_1.pth')
    config.train_dataloader.dataset.scene_seed = 9  # tiles that would give other statistics
    apis.train(config)
    one = read_checkpoint(in_one_go / 'epoch_1.pth')['state_dict']
    other = read_checkpoint(tmp_path / 'epoch_1.pth')['state_dict']
    name = 'data_preprocessor.mean_optical'
    assert torch.equal(one[name], other[name])


@pytest.mark.parametrize('way', ['load_from', 'resume'])
def test_a_checkpoint_of_other_layers_is_refused_in_training(way, in_one_go, tmp_path):
    config = tiny(tmp_path)
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.dataset.layers = dict(loader.dataset.layers, insar=['insar_coherence'])
    config.model.data_preprocessor.layers = config.train_dataloader.dataset.layers
    given = str(in_one_go / 'epoch_1.pth')
    if way == 'load_from':
        config.load_from = given
    words = r"insar: the checkpoint has layers \['insar_velocity_los'\], the config"
    with pytest.raises(CheckpointMismatchError, match=words):
        apis.train(config, resume=given if way == 'resume' else False)


def test_a_checkpoint_of_another_head_can_be_started_from_but_not_resumed(in_one_go, tmp_path):
    config = tiny(tmp_path, **{'train_cfg.max_epochs': 1})
    config.model.decode_head.widths = [8, 6]
    given = str(in_one_go / 'epoch_1.pth')
    with pytest.raises(CheckpointMismatchError, match='decode_head'):
        apis.train(config, resume=given)
    config.load_from = given
    assert apis.train(config).epoch == 1


def test_a_loop_without_epochs_is_refused(tmp_path):
    config = tiny(tmp_path)
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=3)
    config.param_scheduler = None
    with pytest.raises(InputError, match='IterBasedTrainLoop has no epochs'):
        apis.train(config)


def test_training_on_no_tile_data_set_is_refused(tmp_path):
    config = tiny(tmp_path)
    config.train_dataloader.dataset = dict(type='fusionls.Plain')
    with pytest.raises(InputError, match='expected a TileDataset to train on, got Plain'):
        apis.train(config)


def classes(**options):
    """Tiles with a layer of classes and one of distances."""
    layers = {'geology': ['geology_class', 'geology_fault_distance']}
    return DATASETS.build(
        dict(type='fusionls.ArraySceneDataset', layers=layers, tile=32, shape=(64, 64), **options)
    )


def test_class_codes_are_never_read_as_measurements():
    check_categories(classes(), {'geology_class': [1, 2, 3]})
    with pytest.raises(InputError) as caught:
        check_categories(classes(), {'geology_fault_distance': [1]})
    text = str(caught.value)
    assert 'geology_class holds class codes, which have no mean' in text
    assert 'geology_fault_distance is continuous, not classes' in text
    assert 'list_classes.py' in text


def test_a_run_with_classes_fits_the_others_only_and_says_which_it_knows(tmp_path):
    config = tiny(tmp_path, **{'train_cfg.max_epochs': 1})
    layers = dict(config.layers, insar=['geology_class', 'insar_velocity_los'])
    codes = {'geology_class': [1, 3]}
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.dataset.layers = layers
    config.model.data_preprocessor.update(layers=layers, categories=codes)
    config.model.backbone.branches.insar.channels = 3
    apis.train(config)
    checkpoint = read_checkpoint(tmp_path / 'epoch_1.pth')
    assert checkpoint['meta']['fusionls']['categories'] == codes
    mean = checkpoint['state_dict']['data_preprocessor.mean_insar']
    assert mean[0] == 0
    assert 45 < mean[1] < 65  # made-up layers vary about 50, more where there is a landslide


@DATASETS.register_module()
class Plain(torch.utils.data.Dataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return {}
