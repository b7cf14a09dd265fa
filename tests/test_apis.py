"""The verbs, on a model that trains in seconds: options, refusals, any subset of modalities."""

import itertools
import os
from pathlib import Path

import pytest
import torch

from fusionls import apis
from fusionls.errors import (
    CheckpointMismatchError,
    FileMissingError,
    InputError,
    LayerMissingError,
    SplitError,
    UnsafeCheckpointError,
)

CONFIG = Path(__file__).parent / 'configs' / 'tiny.py'
MODALITIES = ('optical', 'terrain', 'insar')


@pytest.fixture(autouse=True, scope='module')
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def tiny(folder, **options):
    return apis.load_config(CONFIG, {'work_dir': str(folder), **options})


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp('trained')
    apis.train(tiny(folder))
    return folder / 'epoch_3.pth'


class Payload:
    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f'touch {self.canary}',)


@pytest.fixture
def malicious(checkpoint, tmp_path):
    """An ordinary checkpoint with a program in it; the program must not run."""
    content = torch.load(checkpoint, weights_only=False)
    content['meta']['note'] = Payload(tmp_path / 'canary')
    torch.save(content, tmp_path / 'bad.pth')
    yield tmp_path / 'bad.pth'
    assert not (tmp_path / 'canary').exists()


@pytest.fixture
def programmed(checkpoint, tmp_path):
    """A checkpoint of plain data whose config text is a program."""
    content = torch.load(checkpoint, weights_only=False)
    content['meta']['config'] = f'import os\nos.system("touch {tmp_path / "canary"}")\n'
    torch.save(content, tmp_path / 'programmed.pth')
    yield tmp_path / 'programmed.pth'
    assert not (tmp_path / 'canary').exists()


def test_evaluate_refuses_a_malicious_checkpoint(malicious, tmp_path):
    with pytest.raises(UnsafeCheckpointError, match=r'bad\.pth'):
        apis.evaluate(tiny(tmp_path), malicious)


def test_load_model_refuses_a_malicious_checkpoint(malicious, tmp_path):
    with pytest.raises(UnsafeCheckpointError, match=r'bad\.pth'):
        apis.load_model(tiny(tmp_path), malicious)


def test_resume_refuses_a_malicious_checkpoint(malicious, tmp_path):
    with pytest.raises(UnsafeCheckpointError, match=r'bad\.pth'):
        apis.train(tiny(tmp_path), resume=str(malicious))


def test_resume_refuses_a_malicious_newest_checkpoint(malicious, tmp_path):
    (tmp_path / 'last_checkpoint').write_text(str(malicious))
    with pytest.raises(UnsafeCheckpointError, match=r'bad\.pth'):
        apis.train(tiny(tmp_path), resume=True)


def test_load_from_refuses_a_malicious_checkpoint(malicious, tmp_path):
    with pytest.raises(UnsafeCheckpointError, match=r'bad\.pth'):
        apis.train(tiny(tmp_path, load_from=str(malicious)))


def test_resume_does_not_run_the_config_of_a_checkpoint(programmed, tmp_path):
    runner = apis.train(tiny(tmp_path, **{'train_cfg.max_epochs': 4}), resume=str(programmed))
    assert runner.epoch == 4


def test_evaluate_does_not_run_the_config_of_a_checkpoint(programmed, checkpoint, tmp_path):
    assert apis.evaluate(tiny(tmp_path), programmed) == apis.evaluate(tiny(tmp_path), checkpoint)


def test_every_subset_of_modalities_is_scored_from_one_checkpoint(checkpoint, tmp_path):
    config = tiny(tmp_path)
    before = config.test_dataloader.to_dict()
    full = apis.evaluate(config, checkpoint)
    subsets = [list(names) for n in (1, 2, 3) for names in itertools.combinations(MODALITIES, n)]
    scores = {
        tuple(names): apis.evaluate(config, checkpoint, modalities=names) for names in subsets
    }
    assert scores[MODALITIES] == full
    assert len({round(s['landslide/f1'], 9) for s in scores.values()}) == len(subsets)
    assert config.test_dataloader.to_dict() == before  # one config serves them all


def test_a_lone_modality_is_scored_where_it_is_valid(checkpoint, tmp_path):
    # the tiles of a corner that one sensor never saw are left out, not refused
    config = tiny(tmp_path, **{'test_dataloader.dataset.scene_seed': 3})
    scores = apis.evaluate(config, checkpoint, modalities=['insar'])
    assert 0 <= scores['landslide/precision'] <= 1


def test_an_unknown_modality_is_refused_by_name(checkpoint, tmp_path):
    with pytest.raises(LayerMissingError, match='did you mean optical'):
        apis.evaluate(tiny(tmp_path), checkpoint, modalities=['optcal'])
    with pytest.raises(LayerMissingError, match='known: insar, optical, terrain'):
        apis.evaluate(tiny(tmp_path), checkpoint, modalities=[])


def test_what_is_tested_is_the_checkpoint_and_not_what_training_began_from(checkpoint, tmp_path):
    config = tiny(tmp_path)
    expected = apis.evaluate(config, checkpoint)
    config.load_from = str(checkpoint.with_name('epoch_1.pth'))
    assert apis.evaluate(config, checkpoint) == expected
    config.load_from, config.resume = None, True
    config.work_dir = str(checkpoint.parent)
    assert apis.evaluate(config, checkpoint) == expected


def with_layers(config, **layers):
    """The config with other layers in data, preprocessor and branches."""
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.dataset.layers = layers
    config.model.data_preprocessor.layers = layers
    config.model.data_preprocessor.factors = {m: config.factors[m] for m in layers}
    branches = config.model.backbone.branches
    config.model.backbone.branches = {
        m: dict(branches[m], channels=len(names)) for m, names in layers.items()
    }
    return config


@pytest.mark.parametrize('verb', [apis.evaluate, apis.load_model])
def test_a_checkpoint_of_other_modalities_is_refused_with_both_named(verb, checkpoint, tmp_path):
    other = with_layers(
        tiny(tmp_path), optical=['optical_red', 'optical_green'], terrain=['terrain_slope']
    )
    with pytest.raises(CheckpointMismatchError) as caught:
        verb(other, checkpoint)
    text = str(caught.value)
    assert f'{checkpoint} does not fit the model' in text
    assert "insar: the checkpoint has layers ['insar_velocity_los'], the config none" in text
    assert "['optical_red', 'optical_nir'], the config ['optical_red', 'optical_green']" in text
    assert "['terrain_elevation', 'terrain_hillshade'], the config ['terrain_slope']" in text
    assert 'Use the config the checkpoint was trained with' in text


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileMissingError, match=r'gone\.pth: no such checkpoint'):
        apis.evaluate(tiny(tmp_path), tmp_path / 'gone.pth')
    with pytest.raises(FileMissingError, match=r'gone\.pth: no such checkpoint to resume from'):
        apis.train(tiny(tmp_path), resume=str(tmp_path / 'gone.pth'))


def test_a_missing_config_is_named(tmp_path):
    with pytest.raises(FileMissingError, match=r'gone\.py: no such config; see configs/'):
        apis.load_config(tmp_path / 'gone.py')


@pytest.mark.parametrize(
    ('option', 'words'),
    [
        ('train_cfg.max_epoch', "there is no 'max_epoch' in the config; did you mean max_epochs"),
        ('train_dataloder.batch_size', 'did you mean train_dataloader'),
        ('train_dataloader.batchsize', 'did you mean batch_size'),
        ('model.decode_head.dropout_ration', 'did you mean dropout_ratio'),
        ('model.backbone.branch', 'did you mean branches'),
        ('optim_wrapper.optimizer.lrr', 'did you mean lr'),
        ('test_dataloader.dataset.tiles', 'did you mean tile'),
        ('train_dataloader.dataset.pipeline.9.jitter', "'9' is no place in a list of 5"),
        ('train_dataloader.dataset.pipeline.first', "'first' is no place in a list of 5"),
        ('randomness.seed.x', "there is no 'x'"),
    ],
)
def test_a_misspelt_option_is_refused_with_the_right_one(option, words):
    with pytest.raises(InputError, match=words):
        apis.load_config(CONFIG, {option: 3})


@pytest.mark.parametrize(
    ('option', 'value'),
    [
        ('train_cfg.max_epochs', 7),
        ('train_cfg.val_begin', 2),  # not in the config, but EpochBasedTrainLoop takes it
        ('test_dataloader.dataset.least_labelled', 0.5),  # an argument of the base class
        ('model.decode_head.align_corners', True),
        ('optim_wrapper.optimizer.betas', (0.8, 0.9)),
        ('train_dataloader.dataset.pipeline.0.jitter', 4),
        ('train_dataloader.num_workers', 2),
        ('load_from', 'weights.pth'),
        ('find_unused_parameters', False),
        ('randomness.seed', 3),
    ],
)
def test_an_option_changes_what_it_names(option, value):
    place = apis.load_config(CONFIG, {option: value})
    for key in option.split('.'):
        place = place[int(key)] if key.isdecimal() else place[key]
    assert place == value


def test_a_misspelt_name_of_a_config_is_refused(tmp_path):
    path = tmp_path / 'odd.py'
    path.write_text("train_dataloder = dict(batch_size=1)\nnorm_cfg = dict(type='BN')\n")
    with pytest.raises(InputError, match="'train_dataloder' is nothing the runner reads; did you"):
        apis.load_config(path)


def test_names_of_ones_own_are_welcome_in_a_config(tmp_path):
    path = tmp_path / 'own.py'
    path.write_text(
        "norm_cfg = dict(type='BN')\noptimizer = dict(lr=1)\ndataset = dict()\nencoder = dict()\n"
    )
    assert apis.load_config(path).work_dir == 'work_dirs/own'


def test_mixed_precision_trains_on_the_cpu_and_is_noted_in_the_checkpoint(tmp_path):
    runner = apis.train(tiny(tmp_path, **{'train_cfg.max_epochs': 1}), amp=True)
    assert type(runner.optim_wrapper).__name__ == 'BFloat16OptimWrapper'
    parameters = list(runner.model.parameters())
    assert all(p.dtype is torch.float32 and bool(p.isfinite().all()) for p in parameters)
    apis.train(tiny(tmp_path, **{'train_cfg.max_epochs': 2}), amp=True, resume=True)


def test_training_leaves_the_config_as_it_was(checkpoint, tmp_path):
    config = tiny(tmp_path, **{'train_cfg.max_epochs': 3})
    before = config.to_dict()
    apis.train(config, resume=str(checkpoint), amp=True)
    assert config.to_dict() == before


def test_no_tile_with_enough_labels_is_refused_by_name(tmp_path):
    config = tiny(tmp_path, **{'test_dataloader.dataset.least_labelled': 1.01})
    with pytest.raises(SplitError, match="split 'all' holds no tile of 32 pixels"):
        apis._runner(config).test()


def test_the_model_says_so_where_it_has_no_statistics(tmp_path):
    with pytest.raises(InputError, match='the model has no layer statistics yet'):
        apis._runner(tiny(tmp_path)).test()


def test_bands_that_do_not_fit_the_config_are_refused_by_name(tmp_path):
    config = tiny(tmp_path)
    config.train_dataloader.dataset.layers = dict(config.layers, optical=['optical_red'])
    with pytest.raises(InputError, match=r"no statistics for \['optical_nir'\]"):
        apis.train(config)
    config = tiny(tmp_path)
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.layers = dict(config.layers, optical=['optical_red', 'optical_green'])
    with pytest.raises(InputError, match=r"no statistics for \['optical_nir'\]"):
        apis.train(config)
