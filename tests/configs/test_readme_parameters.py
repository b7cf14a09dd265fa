"""Millions of parameters that the README of a method tells are those that were counted."""

import re
from pathlib import Path

import pytest

from fusionls.config import leaf_configs
from fusionls.evaluation.records import read_records

ROOT = Path(__file__).parents[2]
MILLIONS = re.compile(r'(\d+\.\d+) (?:M\b|million)')
TOLD = {
    path.parent.name: MILLIONS.findall(path.read_text())
    for path in sorted(ROOT.glob('configs/*/README.md'))
    # those of tile classifiers are with the thousand classes of the papers
    if not path.parent.name.startswith('tile_')
}
RECORDS = read_records(ROOT / 'docs/model_zoo.json')
COUNTED = {
    path.stem: (path.parent.name, record['parameters'] / 1e6)
    for path in leaf_configs(ROOT)
    if 'parameters' in (record := RECORDS.get(path.stem, {}))
}


@pytest.mark.parametrize('method', [method for method, told in TOLD.items() if told])
def test_a_count_in_a_readme_is_one_that_was_measured(method):
    counted = [millions for folder, millions in COUNTED.values() if folder == method]
    if not counted:
        pytest.skip(f'{method}: no config of it is on record in docs/model_zoo.json')
    # told of three channels, and counted with seven layers and three masks
    near = [
        told for told in TOLD[method] for found in counted
        if abs(float(told) - found) < 0.006 * found + 0.05
    ]  # fmt: skip
    assert near, f'{TOLD[method]} million in the README; counted {counted}'


def test_there_are_many():
    assert sum(bool(told) for told in TOLD.values()) > 25
