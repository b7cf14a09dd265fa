"""The scripts of the zoo: training to a row of a metafile, and the overfit check."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from fusionls.console import run_tool
from fusionls.evaluation.metafile import read_metafile
from fusionls.evaluation.records import read_records

ROOT = Path(__file__).parents[2]
TINY = Path(__file__).parents[1] / 'configs' / 'tiny.py'
STEM = 'tiny_net_resnet10t_optterins_1xb3_1e_mars_t32'


@pytest.fixture
def checkout(tmp_path):
    """A checkout with one small config that says its data are the Mars tiles, and one of others."""
    folder = tmp_path / 'configs' / 'tiny_net'
    folder.mkdir(parents=True)
    config = Config.fromfile(str(TINY))
    config.train_cfg.max_epochs = 1
    config.train_dataloader.dataset.shape = (192, 192)
    config.dump(folder / f'{STEM}.py')
    text = (folder / f'{STEM}.py').read_text()
    (folder / f'{STEM.replace("mars", "valley")}.py').write_text(text)
    said = '"""A tiny net on three modalities.\n\nMore.\n"""\n'
    (folder / f'{STEM}.py').write_text(f"{said}{text}\nroot = 'mars_mmls_v2'\n")
    return tmp_path


@pytest.fixture
def script(checkout, monkeypatch, capsys):
    """Run a script of the zoo on that checkout; gives its exit code and what it printed."""

    def load(name):
        spec = importlib.util.spec_from_file_location(
            f'zoo_{name}', ROOT / f'benchmarks/zoo/{name}.py'
        )
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)  # its process looks for it there
        spec.loader.exec_module(module)
        monkeypatch.setattr(module, 'ROOT', checkout)
        monkeypatch.setattr(module, 'RENDER', ['true'])

        def call(*arguments):
            monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, arguments)])
            return run_tool(module.main), capsys.readouterr().out

        return module, call

    return load


def test_a_trained_config_becomes_a_row_and_is_trained_once(script, checkout, tmp_path):
    _, train = script('train')
    words = (STEM, '--out', tmp_path / 'runs', '--add')
    words += ('--options', 'train_dataloader.dataset.shape=(96,96)')
    code, told = train(*words)
    assert code == 0, told
    assert f'{STEM}_s0: f1 ' in told
    scores = json.loads((tmp_path / 'runs' / f'{STEM}_s0' / 'metrics.json').read_text())
    assert {'train_cpu_s', 'train_wall_s', 'peak_memory_gb', 'threads', 'machine'} <= set(scores)
    (row,) = read_metafile(checkout / 'configs/tiny_net/metafile.yml')
    assert (row.model, row.title, row.seeds) == (STEM, 'A tiny net on three modalities', 1)
    assert row.mean['landslide/f1'] == pytest.approx(scores['landslide/f1'], abs=1e-6)
    assert row.cost['parameters'] == 125_121
    assert row.cost['cpu_minutes'] == pytest.approx(scores['train_cpu_s'] / 60, abs=0.01)
    assert row.kind == 'landslide class, pooled over valid pixels'
    assert row.train_tiles
    assert train(*words)[1] == ''


def test_a_row_of_other_tiles_is_not_named_by_itself(script, tmp_path):
    module, _ = script('train')
    path = module.ROOT / 'configs' / 'tiny_net' / f'{STEM.replace("mars", "valley")}.py'
    with pytest.raises(module.InputError, match="expected 'mars_mmls_v2'") as caught:
        module.add_row(path, [tmp_path])
    assert 'no docstring' in str(caught.value)


def test_models_of_mars_tiles_are_asked_to_learn_four_tiles(script, checkout, monkeypatch):
    module, overfit = script('overfit')
    monkeypatch.setattr(module, 'RECORDS', checkout / 'overfit.json')
    monkeypatch.setattr(module, 'read_tiles_once', lambda: None)
    code, told = overfit('--steps', 4, '--every', 2, '--lr', 0)
    assert code == 1
    assert f'{STEM}: NOT LEARNED' in told
    records = read_records(checkout / 'overfit.json')
    assert set(records) == {STEM}
    assert (records[STEM]['steps'], records[STEM]['most_steps']) == (4, 4)
    assert overfit('--steps', 4)[1] == ''
    code, told = overfit('--only', 'tiny_net', '--again', '--steps', 200, '--every', 5)
    assert code == 0, told
    assert read_records(checkout / 'overfit.json')[STEM]['passed']
