"""Split files say which tile is whose; what is wrong with one is said at once."""

import json

import pytest

from fusionls.datasets.split_file import read_split_file, strangers, write_split_file
from fusionls.errors import FileMissingError, SplitError


def test_what_is_written_is_read_back(tmp_path):
    named = {'train': ['a', 'b'], 'val': ['c'], 'test': ['ümlaut/d']}
    write_split_file(tmp_path / 'split.json', named)
    assert read_split_file(tmp_path / 'split.json') == named


def test_entries_with_an_id_are_names_as_sen12landslides_has_them(tmp_path):
    path = tmp_path / 'splits.json'
    entry = {'id': 'italy_1', 's2': 's2/italy_s2_1.nc', 'pixel_annotated': 4}
    path.write_text(json.dumps({'train': [entry]}))
    assert read_split_file(path) == {'train': ['italy_1']}


def test_a_table_is_read_too(tmp_path):
    path = tmp_path / 'split.csv'
    path.write_text('name,split\na,train\nb,val\nc,train\n')
    assert read_split_file(path) == {'train': ['a', 'c'], 'val': ['b']}


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    path = tmp_path / 'split.json'
    path.write_text(json.dumps({'train': ['a', 'b', 'b'], 'vall': ['a'], 'test': []}))
    with pytest.raises(SplitError) as caught:
        read_split_file(path)
    text = str(caught.value)
    assert '4 problems' in text
    assert "unknown split 'vall'; did you mean val" in text
    assert "split 'test' is empty" in text
    assert "'a' stands in it 2 times (train, vall)" in text
    assert "'b' stands in it 2 times (train, train)" in text


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('s.json', '{"train": ['),
        ('s.json', '["a", "b"]'),
        ('s.json', '{"train": [1, 2]}'),
        ('s.json', '{"train": [{"name": "a"}]}'),
        ('s.json', '{"train": 3}'),
        ('s.csv', 'tile,part\na,train\n'),
    ],
)
def test_what_is_no_split_file_is_refused_by_name(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(SplitError, match=rf'{name}: cannot be read as a split file'):
        read_split_file(tmp_path / name)


def test_an_empty_file_names_no_split(tmp_path):
    (tmp_path / 's.json').write_text('{}')
    with pytest.raises(SplitError, match='names no split'):
        read_split_file(tmp_path / 's.json')
    with pytest.raises(FileMissingError, match='no such split file'):
        read_split_file(tmp_path / 'none.json')


def test_names_that_are_not_in_the_set_are_counted_and_the_nearest_told():
    named = {'train': ['image_1', 'imgae_2'], 'val': ['image_3']}
    assert strangers('s.json', named, {'image_1', 'image_2', 'image_3'}) == (
        "s.json: lists 1 of 3 names that are not in the data set, 'imgae_2' first; the most alike "
        "in it is 'image_2'"
    )
    assert strangers('s.json', named, {'image_1', 'imgae_2', 'image_3'}) == ''
    assert strangers('s.json', named, set()).endswith('None')
