"""tools/model_zoo.py measures what is missing, keeps it, and says what failed."""

import importlib.util
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from fusionls.console import run_tool
from fusionls.evaluation.records import FAILED, read_records

ROOT = Path(__file__).parents[2]
TINY = Path(__file__).parents[1] / 'configs' / 'tiny.py'
STEM = 'tiny_net_resnet10t_optterins_1xb3_3e_madeup_t32'


@pytest.fixture
def checkout(tmp_path):
    """A checkout with three configs: sound, broken, and one that only pre-trains."""
    folder = tmp_path / 'configs' / 'tiny_net'
    folder.mkdir(parents=True)
    config = Config.fromfile(str(TINY))
    config.dump(folder / f'{STEM}.py')
    text = (folder / f'{STEM}.py').read_text()
    (folder / f'broken_{STEM}.py').write_text(text.replace('num_classes=2', 'num_classes=-2'))
    (folder / f'pretrains_{STEM}.py').write_text(text + '\ntest_evaluator = None\n')
    return tmp_path


@pytest.fixture
def zoo(checkout, monkeypatch, capsys):
    """Run the tool on that checkout; gives its exit code and what it printed."""
    spec = importlib.util.spec_from_file_location('model_zoo', ROOT / 'tools/model_zoo.py')
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, 'model_zoo', module)  # its process looks for it there
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, 'ROOT', checkout)
    monkeypatch.setattr(module, 'RECORDS', checkout / 'docs' / 'model_zoo.json')
    script = 'import sys; open(sys.argv[1], "w").write(" ".join(sys.argv[2:]))'
    render = [sys.executable, '-c', script, str(checkout / 'rendered')]
    monkeypatch.setattr(module, 'RENDER', render)

    def call(*arguments):
        monkeypatch.setattr(sys, 'argv', ['model_zoo.py', *arguments])
        return run_tool(module.main), capsys.readouterr().out

    return call


def test_models_are_measured_once_and_those_that_fail_again(zoo, checkout):
    code, told = zoo('--side', '64', '--runs', '1')
    assert code == 1  # one failed
    records = read_records(checkout / 'docs' / 'model_zoo.json')
    assert set(records) == {STEM, f'broken_{STEM}'}
    assert f'{STEM}: 0.13 M parameters (0.13 M trained)' in told
    assert FAILED in records[f'broken_{STEM}']
    sound = records[STEM]
    assert (sound['side'], sound['runs'], sound['threads'], sound['task']) == (64, 1, 1, 'maps')
    assert sound['parameters'] == 125_121
    assert (checkout / 'rendered').read_text() == '--print costs'  # the tables, at the end
    code, told = zoo('--side', '64', '--runs', '1')
    assert told.count('parameters') == 0
    assert f'broken_{STEM}: FAILED' in told
    assert read_records(checkout / 'docs' / 'model_zoo.json')[STEM] == sound


def test_a_config_that_is_gone_leaves_no_record(zoo, checkout):
    (checkout / 'docs').mkdir()
    (checkout / 'docs' / 'model_zoo.json').write_text('{"gone": {"task": "maps"}}')
    (checkout / 'configs' / 'tiny_net' / f'broken_{STEM}.py').unlink()
    assert zoo('pretrains')[0] == 0
    assert read_records(checkout / 'docs' / 'model_zoo.json') == {}


def test_names_that_mean_no_config_are_refused(zoo):
    assert zoo('tiny', 'no_such_net')[0] == 2
