"""The page of missing data is that of the runs on record."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_rendered_from_the_results():
    command = [sys.executable, 'benchmarks/missing_data/render.py', '--check']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
