"""A run that leaks does not start, unless it is told to; either way its folder says so."""

import json
from pathlib import Path

import pytest

from fusionls import apis
from fusionls.errors import InputError, SplitLeakageError, SplitLeakageWarning

CONFIG = Path(__file__).parents[1] / 'configs' / 'tiny.py'


def tiny(folder, **options):
    """One epoch of a tiny run; training scene 0 against validation scene 1, unless told."""
    return apis.load_config(CONFIG, {'work_dir': str(folder), 'train_cfg.max_epochs': 1, **options})


def report(folder):
    return json.loads((folder / 'leakage.json').read_text())


def test_a_sound_run_is_trained_and_its_check_is_stored(tmp_path):
    apis.train(tiny(tmp_path))
    content = report(tmp_path)
    assert content['allowed'] is False
    (check,) = content['checks']  # validation and test are the same tiles
    assert check['sides'] == ['train', 'val']
    assert check['tiles'] == [9, 9]
    assert check['leaks'] == 0
    assert check['compared'] == ['contents']  # made-up scenes lie nowhere
    assert len(check['split_hash']) == 12
    assert (tmp_path / 'epoch_1.pth').exists()


def test_a_run_on_its_own_validation_tiles_is_refused_before_it_starts(tmp_path):
    config = tiny(tmp_path, **{'val_dataloader.dataset.scene_seed': 0})
    with pytest.raises(SplitLeakageError, match='train leaks into val') as caught:
        apis.train(config)
    assert 'are the same picture (optical)' in str(caught.value)
    assert not list(tmp_path.glob('*.pth'))
    (val, test) = report(tmp_path)['checks']
    assert val['duplicate_count'] > 0
    assert test['duplicate_count'] == 0


def test_a_leak_into_the_test_tiles_alone_is_found(tmp_path):
    config = tiny(tmp_path, **{'test_dataloader.dataset.scene_seed': 0})
    with pytest.raises(SplitLeakageError, match='train leaks into test'):
        apis.train(config)


def test_leaks_can_be_allowed_knowingly_and_are_written_down(tmp_path):
    config = tiny(tmp_path, **{'val_dataloader.dataset.scene_seed': 0})
    with pytest.warns(SplitLeakageWarning, match='trained knowingly: train leaks into val'):
        apis.train(config, allow_leakage=True)
    content = report(tmp_path)
    assert content['allowed'] is True
    assert content['checks'][0]['leaks'] > 0
    assert (tmp_path / 'epoch_1.pth').exists()
    assert 'allow' not in config.custom_hooks[0]  # what was given stays as it was


def test_without_reading_contents_the_report_says_so(tmp_path):
    config = tiny(tmp_path, **{'val_dataloader.dataset.scene_seed': 0})
    config.custom_hooks[0].contents = False
    apis.train(config)
    assert report(tmp_path)['checks'][0]['compared'] == []


def test_allowing_what_nobody_checks_is_refused(tmp_path):
    config = tiny(tmp_path)
    del config.custom_hooks[0]
    with pytest.raises(InputError, match='no hook CheckLeakage, so nothing is checked anyway'):
        apis.train(config, allow_leakage=True)
