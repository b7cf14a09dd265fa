"""Tools run as a user runs them, in this process."""

import importlib.util
import sys
from pathlib import Path

import pytest

from fusionls.console import run_tool

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a tool in this process; gives its exit code, what it printed and its errors."""

    def call(tool, *arguments):
        path = ROOT / 'tools' / tool
        spec = importlib.util.spec_from_file_location(f'tool_{path.stem}', path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, 'argv', [str(path), *map(str, arguments)])
        code = run_tool(module.main)
        return (code, *capsys.readouterr())

    return call
