"""The plug-in of examples/ works as its README says, and fusionls knows nothing of it."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / 'examples' / 'plugin'


def commands():
    """The command lines of its README, in order."""
    blocks = re.findall(r'```sh\n(.*?)```', (PLUGIN / 'README.md').read_text(), re.S)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture(scope='module')
def printed(tmp_path_factory):
    """What each command printed, run one after the other as a user would."""
    folder = tmp_path_factory.mktemp('plugin')
    path = f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'
    told = []
    for command in commands():
        done = subprocess.run(
            command.replace('work_dirs/plugin', str(folder)),
            shell=True,
            cwd=ROOT,
            env={**os.environ, 'PATH': path, 'OMP_NUM_THREADS': '1'},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f'{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}'
        told.append(done.stdout + done.stderr)
    return told


def test_the_readme_trains_tests_and_checks(printed):
    trained, tested, checked = printed
    losses = [float(value) for value in re.findall(r' loss: ([\d.]+)', trained)]
    assert losses[-1] < 0.8 * losses[0]
    f1 = re.search(r'landslide/f1 +([\d.]+)', tested)
    assert float(f1[1]) > 0.6  # a map of landslides everywhere has 0.4
    assert float(re.search(r'landslide/iou ([\d.]+) after', checked)[1]) > 0.9


def test_fusionls_names_none_of_its_parts():
    tree = ast.parse((PLUGIN / 'landslide_parts.py').read_text())
    parts = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    assert len(parts) == 3
    for folder in ('fusionls', 'configs', 'tools'):
        for file in (ROOT / folder).rglob('*.py'):
            text = file.read_text()
            assert not [part for part in parts if part in text], file
