"""A metafile is the only place of a figure, so it says what is wrong with itself."""

import statistics
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fusionls.config import leaf_configs
from fusionls.errors import InputError
from fusionls.evaluation.metafile import (
    Method,
    Result,
    all_results,
    metafiles,
    over_seeds,
    put_results,
    read_metafile,
    read_method,
)

ROOT = Path(__file__).parents[2]

ROW = Result(
    model='gated_x',
    title='gated',
    data_set='mars',
    split='columns held out',
    kind='landslide class, pooled',
    mean={'landslide/f1': 0.8619, 'landslide/iou': 0.0},
    deviation={'landslide/f1': 0.004},
    seeds=3,
    commit='0012345',
    cost={'parameters': 10_000_000, 'cpu_minutes': 18.1},
)


def changed(**what):
    return Result(**{**vars(ROW), **what})


def test_rows_read_back_as_they_were_put(tmp_path):
    rows = [ROW, changed(shown=('optical', 'terrain')), changed(pattern='blocks 50 %')]
    put_results(tmp_path / 'metafile.yml', rows)
    assert read_metafile(tmp_path / 'metafile.yml') == rows


def test_a_row_of_the_same_key_is_replaced_where_it_stands(tmp_path):
    path = tmp_path / 'metafile.yml'
    put_results(path, [ROW, changed(model='other')])
    put_results(path, [changed(mean={'landslide/f1': 0.9}, deviation={})])
    put_results(path, [changed(split='random tiles')])
    found = read_metafile(path)
    assert [row.model for row in found] == ['gated_x', 'other', 'gated_x']
    assert found[0].mean == {'landslide/f1': 0.9}


def test_cells_show_mean_and_deviation_and_a_dash_for_what_was_not_measured():
    assert ROW.cell('landslide/f1') == '0.862 ± 0.004'
    assert ROW.cell('landslide/iou') == '0.000'
    assert ROW.cell('landslide/ap') == '–'


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_mean_and_deviation_over_seeds_are_those_of_the_standard_library(values):
    mean, deviation = over_seeds([{'f1': value} for value in values], digits=12)
    assert mean['f1'] == pytest.approx(statistics.mean(values), abs=1e-9)
    assert deviation['f1'] == pytest.approx(statistics.stdev(values), abs=1e-9)


def test_one_seed_has_no_deviation_and_a_score_must_be_in_every_run():
    assert over_seeds([{'f1': 0.5}]) == ({'f1': 0.5}, {})
    mean, _ = over_seeds([{'f1': 0.5, 'iou': 0.2}, {'f1': 0.7}])
    assert mean == {'f1': 0.6}


def test_everything_that_is_wrong_with_every_row_is_said_at_once(tmp_path):
    path = tmp_path / 'metafile.yml'
    good = ROW.to_yaml()
    rows = [
        {**good, 'mean': {'landslide/f1': 86.19}, 'kinds': 'pooled'},
        {**good, 'seeds': 1},
        {**good, 'deviation': {'landslide/ap': 0.1}, 'cost': {'gpu': 3}},
        {name: value for name, value in good.items() if name not in ('kind', 'commit')},
        {**good, 'source': 'a paper'},
        'no row',
    ]
    path.write_text(yaml.safe_dump({'results': rows}))
    with pytest.raises(InputError) as caught:
        read_metafile(path)
    text = str(caught.value)
    for told in (
        'mean of landslide/f1 is 86.19; expected 0 to 1',
        "'kinds' is unknown; did you mean kind",
        'a deviation over 1 seeds; expected two at least',
        'landslide/ap has a deviation and no mean',
        "cost 'gpu' is unknown",
        'kind is missing',
        'a figure of our own must name the commit of its code',
        'a published figure must say how it was checked',
        "expected a mapping, got 'no row'",
    ):
        assert told in text
    assert 'result 5' in text


def test_a_row_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / 'metafile.yml'
    path.write_text(yaml.safe_dump({'results': [ROW.to_yaml()] * 2}))
    with pytest.raises(InputError, match='gated_x / mars / columns held out stands in it more'):
        read_metafile(path)


@pytest.mark.parametrize('text', ['', 'results: 3', '[1, 2]', 'a: [', '{rows: []}'])
def test_what_is_no_metafile_is_refused(tmp_path, text):
    (tmp_path / 'metafile.yml').write_text(text)
    with pytest.raises(InputError, match=r'metafile\.yml: cannot be read'):
        read_metafile(tmp_path / 'metafile.yml')


def test_what_a_method_rests_on_stays_when_rows_are_put(tmp_path):
    path = tmp_path / 'metafile.yml'
    path.write_text('paper: Doe 2026, "New"\nbasis: abstract\nresults: []\n')
    put_results(path, [ROW])
    assert read_method(path) == Method('Doe 2026, "New"', 'abstract')
    assert read_metafile(path) == [ROW]


def test_a_metafile_that_does_not_say_it_is_refused_with_all_that_is_missing(tmp_path):
    path = tmp_path / 'metafile.yml'
    path.write_text('basis: hearsay\nresults: []\n')
    with pytest.raises(InputError, match='paper is missing') as told:
        read_method(path)
    assert "basis is 'hearsay'; expected one of library, paper" in str(told.value)


def test_every_method_that_ships_says_what_it_rests_on():
    folders = {path.parent for path in leaf_configs(ROOT)}
    assert len(folders) > 60
    for folder in folders:
        read_method(folder / 'metafile.yml')  # which refuses what says nothing


def test_metafiles_of_a_checkout_are_read_in_order(tmp_path):
    for folder, model in (('configs/b', 'two'), ('configs/a', 'one'), ('benchmarks/c', 'three')):
        (tmp_path / folder).mkdir(parents=True)
        put_results(tmp_path / folder / 'metafile.yml', [changed(model=model)])
    assert [path.parent.name for path in metafiles(tmp_path)] == ['c', 'a', 'b']
    assert [row.model for row in all_results(tmp_path)] == ['three', 'one', 'two']
