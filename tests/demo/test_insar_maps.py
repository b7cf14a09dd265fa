"""The InSAR maps: each product comes out with the sign its place is known for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def output(tmp_path, real_data):
    command = [sys.executable, 'demo/insar_maps.py', '--out', str(tmp_path), '--size', '256']
    result = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, 'FUSIONLS_REAL_DATA': str(real_data)},
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return tmp_path, result.stdout


@pytest.mark.real_data
def test_four_maps_with_their_signs_from_files_as_they_are(output):
    out, printed = output
    told = {
        line.split(',')[0]: [float(n) for n in re.findall(r'-?\d+\.\d', line)]
        for line in printed.splitlines()
        if 'mm/yr' in line
    }
    campi, mexico, maoxian = (told[n] for n in ('Campi Flegrei', 'Mexico City', 'Maoxian'))
    assert 50 < campi[2] < 80  # Pozzuoli rises
    assert abs(campi[1]) < 8
    assert -330 < mexico[0] < -270  # the east of the city sinks
    assert mexico[2] < 30
    assert maoxian[0] < -15  # the slope moved away from the satellite
    assert (out / 'insar.jpg').read_bytes()[:3] == b'\xff\xd8\xff'
    signs = {'campi_flegrei': 'toward', 'mexico_city': 'away', 'maoxian': 'toward'}
    for name, positive in signs.items():
        record = json.loads((out / name / 'stack.json').read_text())
        assert f'"positive": "{positive}"' in json.dumps(record)
    assert json.loads((out / 'valley' / 'stack.json').read_text())['simulated'] is True
