from __future__ import annotations

import pickle

import pytest

from fusionls import errors
from fusionls.errors import (
    FusionlsError,
    InputError,
    LayerMissingError,
    SceneError,
    nearest_names,
    raise_together,
)

ALL = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, FusionlsError)
]


def test_nothing_is_raised_where_there_is_no_problem():
    raise_together(SceneError, 'reading', [])


def test_all_problems_stand_in_one_error_with_the_cure():
    with pytest.raises(SceneError) as caught:
        raise_together(SceneError, 'reading x', ['one', 'two'], 'Do this.')
    assert str(caught.value) == 'reading x (2 problems):\n  - one\n  - two\nDo this.'


def test_one_problem_is_counted_in_the_singular():
    with pytest.raises(InputError, match=r'\(1 problem\)'):
        raise_together(InputError, 'reading', ['one'])


@pytest.mark.parametrize('kind', ALL)
def test_every_error_is_caught_as_ours_and_keeps_its_text(kind: type[FusionlsError]):
    text = 'first line\nsecond "line"'
    assert str(kind(text)) == text
    assert str(pickle.loads(pickle.dumps(kind(text)))) == text


def test_errors_are_what_a_caller_of_the_standard_library_expects():
    assert issubclass(errors.FileMissingError, FileNotFoundError)
    assert issubclass(errors.OutputError, OSError)
    assert issubclass(LayerMissingError, KeyError)
    assert all(issubclass(k, ValueError) for k in ALL if issubclass(k, InputError))


def test_a_misspelt_name_is_told_its_neighbours_and_a_strange_one_everything():
    known = ['terrain_slope', 'insar_coherence']
    assert nearest_names('terain_slope', known) == 'did you mean terrain_slope?'
    assert nearest_names('xyz', known) == 'known: insar_coherence, terrain_slope'
