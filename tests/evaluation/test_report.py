from __future__ import annotations

import json
import math

import numpy as np
import pytest

from fusionls.errors import OutputError
from fusionls.evaluation.functional.blocks import BlockSums
from fusionls.evaluation.functional.map_sums import Rules
from fusionls.evaluation.report import Report, markdown, without_nan
from fusionls.evaluation.tally import Tally

RULES = Rules(least_pixels=4, size_edges=(100.0, 1000.0))


def report_of(tally, **options):
    scores = {f'landslide/{name}': value for name, value in tally.scores(RULES).items()}
    return Report(tally, RULES, scores, 512, **options)


@pytest.fixture(scope='module')
def content(tally):
    return report_of(tally, heading='gated, epoch_3.pth').content()


def test_scores_stand_at_the_top_as_the_test_loop_gave_them(content, tally):
    assert content['landslide/f1'] == tally.scores(RULES)['f1']
    assert list(content)[-1] == 'details'


def test_every_score_has_a_kind_and_an_interval_around_it(content):
    details = content['details']
    names = {name.removeprefix('landslide/') for name in content if name != 'details'}
    assert set(details['kinds']) == set(details['intervals']) == names
    for name, (low, high) in details['intervals'].items():
        assert low <= content[f'landslide/{name}'] <= high


def test_strata_and_sizes_add_up_to_the_whole(content, tally):
    sums = tally.blocks.total()
    details = content['details']
    assert sum(row['pixels'] for row in details['strata'].values()) == sums['pixels'].sum()
    assert sum(row['true'] for row in details['size_classes']) == sums['objects'][2]
    assert sum(row['found'] for row in details['size_classes']) == sums['objects'][0]
    assert [row['area'] for row in details['size_classes']] == [
        '0 to 100 m2', '100 to 1000 m2', '>= 1000 m2',
    ]  # fmt: skip
    assert details['size_frequency']['true']['in_tail'] > 0


def test_files_are_standard_json_a_table_and_the_sums_by_block(tally, tmp_path):
    paths = report_of(tally, heading='gated').write(tmp_path / 'new', 'metrics_optical')
    assert [path.name for path in paths] == [
        'metrics_optical.json', 'metrics_optical.md', 'metrics_optical_blocks.npz',
    ]  # fmt: skip
    read = json.loads(paths[0].read_text(), parse_constant=pytest.fail)  # NaN is not JSON
    assert read['details']['blocks'] == 24
    table = paths[1].read_text()
    assert table.startswith('# gated\n')
    row = f'| f1 | pooled | {read["landslide/f1"]:.4f} |'
    assert row in table
    blocks = BlockSums.read(paths[2])
    np.testing.assert_array_equal(blocks.total()['curve'], tally.blocks.total()['curve'])


def test_every_score_is_a_row_of_the_table_with_its_kind(content):
    table = markdown(content)
    for name, kind in content['details']['kinds'].items():
        assert f'\n| {name} | {kind} | ' in table
    assert 'too narrow' not in table


def test_few_blocks_are_said_to_be_few(make_tally):
    content = report_of(make_tally(1.0, tiles=1)).content()
    table = markdown(content)
    assert 'with fewer than 20 blocks they are mostly too narrow' in table
    assert content['details']['intervals']['f1'] == [None, None]


def test_a_model_of_labels_has_no_curve_in_its_report(make_tally):
    content = report_of(make_tally(1.0, tiles=3, labels_only=True)).content()
    assert 'best_f1' not in content['details']
    assert 'ap' not in content['details']['kinds']
    assert 'The highest F1' not in markdown(content)


def test_an_evaluation_of_nothing_is_still_a_report(tmp_path):
    paths = report_of(Tally()).write(tmp_path)
    assert json.loads(paths[0].read_text())['details']['tiles'] == 0


def test_nan_becomes_null_at_any_depth():
    given = {'a': math.nan, 'b': [1.0, np.float64('nan'), {'c': (math.inf, 'x', None, 3)}]}
    assert without_nan(given) == {'a': None, 'b': [1.0, None, {'c': [None, 'x', None, 3]}]}


def test_a_folder_that_cannot_be_written_is_named(tally, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='could not be written'):
        report_of(tally).write(tmp_path / 'file' / 'below')
