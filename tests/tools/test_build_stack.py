from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TOOL = Path(__file__).parents[2] / 'tools' / 'build_stack.py'


def run(*arguments: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, TOOL, *arguments], capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def scene(tmp_path, write_raster):
    values = np.ones((40, 40), np.float32)
    values[:10] = np.nan
    write_raster('a.tif', values)
    path = tmp_path / 'SCENE.yaml'
    path.write_text(
        'name: hill\nsimulated: true\n'
        'modalities: {optical: {sources: [{file: a.tif, layers: [optical_red]}]}}'
    )
    return path


def test_it_builds_and_says_what_it_wrote(scene, tmp_path):
    done = run(scene, tmp_path / 'out')
    assert done.returncode == 0, done.stderr
    assert 'hill (simulated)' in done.stdout
    assert 'optical  pixel 10 m (factor 1), valid 75.0%: optical_red' in done.stdout
    assert 'left' in done.stderr  # the progress bar with its estimate
    assert (tmp_path / 'out' / 'stack.json').exists()


def test_quiet_shows_no_bar(scene, tmp_path):
    assert run('--quiet', scene, tmp_path / 'out').stderr == ''


def test_a_mistake_is_a_clean_text_and_exit_code_2(scene, tmp_path):
    scene.write_text(scene.read_text().replace('optical_red', 'optical_rot'))
    done = run(scene, tmp_path / 'out')
    assert done.returncode == 2
    assert "'optical_rot' is unknown; did you mean" in done.stderr
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'out').exists()


def test_overwrite_is_needed_to_replace(scene, tmp_path):
    assert run(scene, tmp_path / 'out').returncode == 0
    done = run(scene, tmp_path / 'out')
    assert done.returncode == 2
    assert '--overwrite' in done.stderr
    assert run(scene, tmp_path / 'out', '--overwrite').returncode == 0


def test_help_says_what_it_does():
    done = run('--help')
    assert done.returncode == 0
    assert 'one GeoTIFF per modality' in ' '.join(done.stdout.split())
