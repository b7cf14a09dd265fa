"""The protocol in files: whole, alike, and refused where nothing can be compared."""

import json

import pytest
from PIL import Image

from fusionls.datasets.missing_patterns import missing_patterns
from fusionls.errors import InputError
from fusionls.evaluation.run_results import run_result
from fusionls.visualization.missing_data import (
    draw_missing_data,
    pattern_scores,
    write_missing_data,
)

PATTERNS = missing_patterns(['optical', 'terrain'])
RESULTS = {
    p.name: {'landslide/f1': 0.9 - 0.05 * i, 'landslide/iou': 0.8 - 0.05 * i}
    for i, p in enumerate(PATTERNS)
}


def test_json_table_and_picture_are_written(tmp_path):
    files = write_missing_data(PATTERNS, RESULTS, tmp_path / 'new', title='a model')
    assert [f.name for f in files] == [f'missing_data.{s}' for s in ('json', 'md', 'png')]
    read = json.loads(files[0].read_text())
    assert read['terrain alone']['shown'] == ['terrain']
    assert read['terrain alone']['scores'] == RESULTS['terrain alone']
    table = files[1].read_text()
    assert all(f'| {p.name} |' in table for p in PATTERNS)
    assert 'IoU' in table
    with Image.open(files[2]) as picture:
        assert picture.width > 500
        assert len(picture.convert('RGB').getcolors(1 << 20)) > 10


def test_hidden_modalities_are_counted():
    scores = pattern_scores(PATTERNS, RESULTS)
    assert [s.hidden for s in scores if s.family == 'modality'] == [1, 1]
    assert scores[0].hidden == 0


def test_models_under_different_patterns_are_not_drawn_together(tmp_path):
    scores = pattern_scores(PATTERNS, RESULTS)
    draw_missing_data({'one': scores, 'two': scores}, tmp_path / 'both.png')
    with pytest.raises(InputError, match='different patterns'):
        draw_missing_data({'one': scores, 'two': scores[:-1]}, tmp_path / 'a.png')
    with pytest.raises(InputError, match='no model'):
        draw_missing_data({}, tmp_path / 'a.png')


def test_what_the_protocol_writes_makes_a_row_of_the_benchmark(tmp_path):
    write_missing_data(PATTERNS, RESULTS, tmp_path)
    said = dict(model='m', title='t', data_set='d', split='s', kind='k')
    row = run_result([tmp_path], metrics='missing_data.json', pattern='terrain alone', **said)
    assert row.mean == pytest.approx(RESULTS['terrain alone'])
    assert row.pattern == 'terrain alone'
