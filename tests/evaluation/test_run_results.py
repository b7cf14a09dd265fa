"""Work folders of runs become one row, or are refused where they are not one thing."""

import json

import pytest

from fusionls.errors import FileMissingError, InputError, LayerMissingError
from fusionls.evaluation.run_results import run_result

SAID = dict(model='m', title='t', data_set='d', split='s', kind='k')


@pytest.fixture
def work_dir(tmp_path):
    def write(name, scores, split_hash=None, leaks=0, file='metrics.json'):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / file).write_text(json.dumps(scores))
        if split_hash:
            sides = [
                {'sides': ['train', 'val'], 'tiles': [9, 3], 'split_hash': 'v', 'leaks': 0},
                {'sides': ['train', 'test'], 'tiles': [9, 4], 'split_hash': split_hash,
                 'leaks': leaks},
            ]  # fmt: skip
            (folder / 'leakage.json').write_text(json.dumps({'allowed': True, 'checks': sides}))
        return folder

    return write


def scores(f1, **more):
    return {'landslide/f1': f1, 'train_cpu_s': 120.0, 'parameters': 5, **more}


def test_seeds_make_one_row_with_what_the_folders_tell(work_dir):
    folders = [work_dir(str(f1), scores(f1, machine='box', commit='abc'), 'h') for f1 in (0.5, 0.7)]
    row = run_result(folders, **SAID)
    assert row.mean == {'landslide/f1': 0.6}
    assert row.deviation == {'landslide/f1': pytest.approx(0.02**0.5, abs=1e-6)}
    assert (row.seeds, row.split_hash, row.train_tiles, row.test_tiles) == (2, 'h', 9, 4)
    assert row.cost == {'parameters': 5, 'cpu_minutes': 2.0}
    assert (row.device, row.commit) == ('box', 'abc')
    assert len(row.date) == 10


def test_only_scores_that_are_shares_are_kept(work_dir):
    odd = {'landslide/count_bias': 3.2, 'landslide/iou': float('nan'), 'landslide/mcc': -0.2}
    row = run_result([work_dir('a', scores(0.5, **odd))], **SAID)
    assert row.mean == {'landslide/f1': 0.5}


def test_a_pattern_of_missing_data_is_a_row_without_the_cost_of_training(work_dir):
    content = {'patterns': {'all': {'f1': 0.8}, 'no_optical': {'f1': 0.6}}, 'train_cpu_s': 60.0}
    folder = work_dir('a', content, file='missing_data.json')
    row = run_result([folder], metrics='missing_data.json', pattern='no_optical', **SAID)
    assert (row.mean, row.pattern, row.cost) == ({'landslide/f1': 0.6}, 'no_optical', {})
    whole = run_result([folder], metrics='missing_data.json', pattern='all', **SAID)
    assert (whole.pattern, whole.cost, whole.whole) == ('', {'cpu_minutes': 1.0}, True)
    with pytest.raises(LayerMissingError, match="no pattern 'no_optica'; did you mean no_optical"):
        run_result([folder], metrics='missing_data.json', pattern='no_optica', **SAID)


def test_all_folders_without_scores_are_named(tmp_path, work_dir):
    with pytest.raises(FileMissingError) as caught:
        run_result([tmp_path / 'a', work_dir('b', scores(0.5)), tmp_path / 'c'], **SAID)
    assert '2 problems' in str(caught.value)


def test_runs_on_different_splits_or_that_leak_make_no_row(work_dir):
    folders = [
        work_dir('a', scores(0.5), 'h'), work_dir('b', scores(0.5), 'g', leaks=2)
    ]  # fmt: skip
    with pytest.raises(InputError) as caught:
        run_result(folders, **SAID)
    assert '2 leaks into test, which were allowed' in str(caught.value)
    assert 'runs were split differently' in str(caught.value)
