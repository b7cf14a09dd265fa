from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

TOOL = Path(__file__).parents[2] / 'tools' / 'inspect_scene.py'


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, *arguments], capture_output=True, text=True, timeout=120
    )


def test_a_table_with_a_cure_for_each_fault_and_an_exit_code_that_tells(write_raster, tmp_path):
    dem = np.add.outer(np.arange(64.0), np.arange(64.0)).astype(np.float32) + 500
    path = write_raster('dem.tif', dem)
    sound = run(path)
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert 'no faults in 1 files' in sound.stdout
    dem[10:20, 10:20] = -9999
    write_raster('dem.tif', dem)
    bad = run(path)
    assert bad.returncode == 1
    assert 'warning' in bad.stdout
    assert '-a_nodata -9999' in bad.stdout.replace('\n', ' ')
    told = json.loads(run(path, '--json').stdout)
    assert told['findings'][0]['check'] == 'nodata'
    missing = run(tmp_path / 'gone.tif')
    assert missing.returncode == 2
    assert missing.stderr.startswith('error: ')
    both = run('SCENE.yaml', path)
    assert both.returncode == 2
    assert 'one scene description, or files' in both.stderr
