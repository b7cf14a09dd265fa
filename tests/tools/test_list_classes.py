from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from fusionls.stack.store import ModalityArrays, write_stack

ROOT = Path(__file__).parents[2]


def test_classes_are_printed_as_a_config_has_them(tmp_path, utm_grid):
    codes = np.full((1, 10, 10), 4, np.float32)
    codes[0, :2] = 7
    codes[0, 9, 9] = 11
    write_stack(
        tmp_path / 'a',
        utm_grid(10, 10),
        {'geology': ModalityArrays(codes, codes[0] > 0, ['geology_class'])},
    )
    done = subprocess.run(
        [sys.executable, ROOT / 'tools/datasets/list_classes.py', tmp_path / 'a',
         '--least-share', '0.02'],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'categories = dict(geology_class=[4, 7])' in done.stdout
    assert '# geology_class     11   1.000%' in done.stdout
