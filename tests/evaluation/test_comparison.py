from __future__ import annotations

import json

import pytest

from fusionls.errors import FileMissingError, InputError
from fusionls.evaluation.comparison import HEADLINE, comparison_table, read_run
from fusionls.evaluation.functional.map_sums import Rules
from fusionls.evaluation.report import Report

RULES = Rules(least_pixels=4, size_edges=(100.0, 1000.0))


@pytest.fixture(scope='module')
def runs(make_tally, tmp_path_factory):
    """Folders of three tested runs: plain, better, and plain again; and one of other ground."""
    folder = tmp_path_factory.mktemp('runs')
    for name, tally in {
        'plain': make_tally(0.6),
        'better': make_tally(0.9),
        'again': make_tally(0.6),
        'elsewhere': make_tally(0.6, tiles=20),
    }.items():
        Report(tally, RULES, tally.scores(RULES), 512).write(folder / name)
    return folder


def rows_of(table):
    rows = [line.strip('| ').split(' | ') for line in table.splitlines() if line.startswith('| ')]
    return {(row[0], row[1]): row[2:] for row in rows[1:]}


def test_a_better_run_is_found_better_and_an_equal_one_equal(runs):
    table = comparison_table([read_run(runs / name) for name in ('plain', 'better', 'again')])
    rows = rows_of(table)
    value, base, gap, interval, p = rows['better', 'f1']
    assert float(gap) == pytest.approx(float(value) - float(base), abs=2e-4)
    low, high = (float(part) for part in interval.split(' to '))
    assert 0 < low <= float(gap) <= high
    assert float(p) <= 0.05
    assert rows['again', 'f1'][2:] == ['+0.0000', '+0.0000 to +0.0000', '1.000']
    assert {name for _, name in rows} == set(HEADLINE)
    assert 'Many comparisons' in table


def test_single_scores_can_be_asked_for(runs):
    given = [read_run(runs / name / 'metrics.json') for name in ('plain', 'better')]
    assert list(rows_of(comparison_table(given, names=['mcc', 'brier']))) == [
        ('better', 'mcc'), ('better', 'brier'),
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"no score 'object_f2' in both runs; did you mean obj"):
        comparison_table(given, names=['object_f2'])


def test_runs_that_cannot_be_compared_are_refused(runs, tmp_path):
    plain, elsewhere = read_run(runs / 'plain'), read_run(runs / 'elsewhere')
    with pytest.raises(InputError, match='two runs or more'):
        comparison_table([plain])
    with pytest.raises(InputError, match=r'same ground: 4 blocks stand in one of them only'):
        comparison_table([plain, elsewhere])
    other = read_run(runs / 'better')
    other.details['rules']['threshold'] = 0.3
    other.details['block_pixels'] = 64
    with pytest.raises(InputError, match='scored by different rules') as caught:
        comparison_table([plain, other])
    assert '2 problems' in str(caught.value)


def test_what_is_no_tested_run_is_named(runs, tmp_path):
    with pytest.raises(FileMissingError, match='test the run by'):
        read_run(tmp_path)
    for text in ('{', '[]', json.dumps({'landslide/f1': 0.5})):
        (tmp_path / 'metrics.json').write_text(text)
        with pytest.raises(InputError, match=r'metrics\.json: is no report'):
            read_run(tmp_path)
    (tmp_path / 'metrics.json').write_text((runs / 'plain' / 'metrics.json').read_text())
    with pytest.raises(FileMissingError, match=r'metrics_blocks\.npz'):
        read_run(tmp_path)


def test_runs_of_a_subset_of_modalities_are_named_by_it(make_tally, tmp_path):
    tally = make_tally(0.6, tiles=2)
    Report(tally, RULES, {}, 512).write(tmp_path / 'gated', 'metrics_optical')
    assert read_run(tmp_path / 'gated' / 'metrics_optical.json').name == 'gated/metrics_optical'
