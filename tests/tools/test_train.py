"""tools/train.py and tools/test.py as a user runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'tests' / 'configs' / 'tiny.py'


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Work folder of a run by a command of its own, as a user types it."""
    folder = tmp_path_factory.mktemp('work') / 'run'
    done = subprocess.run(
        [
            *(sys.executable, 'tools/train.py', str(CONFIG), '--work-dir', str(folder)),
            *('--cfg-options', 'train_cfg.max_epochs=1'),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f'wrote checkpoints and logs to {folder}' in done.stdout
    return folder


def test_training_writes_a_checkpoint_and_goes_on_from_it(trained, run):
    assert (trained / 'epoch_1.pth').is_file()
    options = ('--cfg-options', 'train_cfg.max_epochs=2')
    code, _, _ = run('train.py', CONFIG, '--work-dir', trained, '--resume', *options)
    assert code == 0
    assert (trained / 'epoch_2.pth').is_file()


def test_testing_prints_and_writes_the_scores(trained, run):
    arguments = ('--work-dir', trained, '--modalities', 'optical')
    code, printed, _ = run('test.py', CONFIG, trained / 'epoch_1.pth', *arguments)
    assert code == 0
    out = trained / 'metrics_optical.json'
    assert f'wrote {out}' in printed
    assert 0 <= json.loads(out.read_text())['landslide/f1'] <= 1


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (('gone.py',), 'gone.py: no such config'),
        ((CONFIG, '--cfg-options', 'train_cfg.max_epoch=3'), 'did you mean max_epochs'),
        ((CONFIG, '--resume', 'gone.pth'), 'gone.pth: no such checkpoint'),
    ],
)
def test_a_mistake_is_an_exit_code_and_a_clear_text(arguments, words, run, tmp_path):
    code, _, errors = run('train.py', *arguments, '--work-dir', tmp_path)
    assert code == 2
    assert errors.startswith('error: ')
    assert words in errors


@pytest.mark.parametrize('tool', ['train.py', 'test.py'])
def test_help_reads_well(tool, run, capsys):
    with pytest.raises(SystemExit) as left:
        run(tool, '--help')
    assert left.value.code == 0
    assert '--cfg-options' in capsys.readouterr().out
