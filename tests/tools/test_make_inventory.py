from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import geopandas
import numpy as np
import pyproj
import pytest

from fusionls.geo.grid import Grid
from fusionls.geo.raster_io import write_geotiff
from fusionls.stack.store import ModalityArrays, write_stack

TOOL = Path(__file__).parents[2] / 'tools' / 'make_inventory.py'
GRID = Grid(pyproj.CRS.from_epsg(32617), 500000.0, 4000000.0, 10.0, 10.0, 16, 16)


def run(*arguments):
    return subprocess.run(
        [sys.executable, TOOL, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def probability(tmp_path):
    values = np.zeros((1, 16, 16), np.float32)
    values[0, 2:6, 2:12] = 0.8
    values[0, 10:12, 3:6] = 0.6
    write_geotiff(tmp_path / 'p.tif', GRID, ['landslide_probability'], values)
    return tmp_path / 'p.tif'


def test_it_says_how_many_how_much_and_where(tmp_path, probability):
    write_stack(
        tmp_path / 'stack',
        GRID,
        {
            'optical': ModalityArrays(
                np.ones((1, 16, 16)), np.ones((16, 16), bool), ['optical_grey']
            )
        },
    )
    out = tmp_path / 'x.gpkg'
    done = run(probability, out, '--stack', tmp_path / 'stack')
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout == f'{out}: 2 landslides, 4,600 m2 in all, the largest 4,000 m2\n'
    assert list(geopandas.read_file(out, layer='landslides')['valid_share_optical']) == [1, 1]


def test_threshold_and_least_area_are_obeyed(tmp_path, probability):
    out = tmp_path / 'x.gpkg'
    assert '1 landslide, 4,000 m2' in run(probability, out, '--threshold', 0.7).stdout
    assert '1 landslide, 4,000 m2' in run(probability, out, '--min-area', 700).stdout
    assert 'no landslide' in run(probability, out, '--threshold', 0.9).stdout


def test_a_mistake_is_one_sentence_on_standard_error_and_exit_code_2(tmp_path, probability):
    done = run(probability, tmp_path / 'x.gpkg', '--stack', tmp_path)
    assert done.returncode == 2
    assert 'is no stack' in done.stderr
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'x.gpkg').exists()


def test_help_names_every_argument():
    text = run('--help').stdout
    for word in ('PROBABILITY', 'OUT', '--stack', '--threshold', '--min-area', 'default: 0.5'):
        assert word in text
