"""Public data are found as given, under the variable, or under data/."""

import pytest

from fusionls.datasets.places import VARIABLE, data_set_folder
from fusionls.errors import FileMissingError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)


def test_a_path_is_taken_as_given(tmp_path):
    (tmp_path / 'set').mkdir()
    assert data_set_folder(tmp_path / 'set') == tmp_path / 'set'
    assert data_set_folder('set').resolve() == tmp_path / 'set'


def test_the_variable_comes_before_the_data_folder(tmp_path, monkeypatch):
    (tmp_path / 'data' / 'set').mkdir(parents=True)
    assert data_set_folder('set').resolve() == tmp_path / 'data' / 'set'
    (tmp_path / 'all' / 'set').mkdir(parents=True)
    monkeypatch.setenv(VARIABLE, str(tmp_path / 'all'))
    assert data_set_folder('set') == tmp_path / 'all' / 'set'


def test_all_places_looked_at_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / 'all'))
    with pytest.raises(FileMissingError, match=r'looked in set, .*all/set, data/set. Set FUSIONLS'):
        data_set_folder('set')
    with pytest.raises(FileMissingError, match=r'looked in /nowhere/set\.'):
        data_set_folder('/nowhere/set')
