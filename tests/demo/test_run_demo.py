"""The demo, small: every file it promises is there, opens, and is marked as simulated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import geopandas
import pytest
import rasterio

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def output(tmp_path_factory):
    out = tmp_path_factory.mktemp('demo')
    command = [sys.executable, 'demo/run_demo.py', '--out', str(out), '--size', '256']
    result = subprocess.run(
        [*command, '--epochs', '1'], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return out, result.stdout


def test_demo_writes_what_it_says(output):
    out, printed = output
    for name in ('maps/probability_all.tif', 'inventory.gpkg', 'picture.png', 'table.md'):
        assert (out / name).stat().st_size > 0
        assert name in printed


def test_demo_products_are_marked_as_simulated(output):
    out, _ = output
    with rasterio.open(out / 'maps/probability_all.tif') as dataset:
        assert dataset.tags()['simulated'] == 'true'
    assert json.loads((out / 'stacks/valley_3/stack.json').read_text())['simulated'] is True
    assert 'Simulated' in (out / 'table.md').read_text()
    inventory = geopandas.read_file(out / 'inventory.gpkg', layer='landslides')
    assert inventory.crs.is_projected


def test_demo_table_has_all_sensors_and_each_alone(output):
    rows = (output[0] / 'table.md').read_text().splitlines()
    assert [row.split('|')[1].strip() for row in rows[2:7]] == [
        'all four', 'optical alone', 'terrain alone', 'insar alone', 'lidar alone',
    ]  # fmt: skip
