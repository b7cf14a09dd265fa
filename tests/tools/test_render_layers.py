from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_layers_is_that_of_the_catalogue():
    done = subprocess.run(
        [sys.executable, ROOT / 'tools/dev/render_layers.py', '--check'],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f'{done.stdout}run tools/dev/render_layers.py'


def test_every_derived_layer_states_formula_and_source():
    from fusionls.layers.catalog import CATALOG

    silent = [
        name
        for name, spec in CATALOG.items()
        if spec.derivation is not None and not (spec.formula and spec.source)
    ]
    assert silent == []
