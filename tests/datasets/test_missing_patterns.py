"""The patterns of the missing-data protocol: every subset once, and nothing by mistake."""

import itertools

import pytest

from fusionls.datasets.missing_patterns import (
    MOST_MODALITIES,
    Family,
    missing_patterns,
    subset_name,
)
from fusionls.errors import InputError
from fusionls.registry import TRANSFORMS

THREE = ('optical', 'terrain', 'insar')


def test_every_subset_is_there_once_and_all_comes_first():
    patterns = missing_patterns(THREE)
    assert patterns[0].family is Family.NOTHING
    shown = [p.shown for p in patterns if p.family in (Family.NOTHING, Family.MODALITY)]
    every = {c for size in (1, 2, 3) for c in itertools.combinations(THREE, size)}
    assert len(shown) == len(set(shown)) == 7
    assert set(shown) == every
    assert len({p.name for p in patterns}) == len(patterns)


def test_with_many_modalities_each_is_left_out_and_each_alone():
    names = [f'm{i}' for i in range(MOST_MODALITIES + 1)]
    shown = [p.shown for p in missing_patterns(names) if p.family is Family.MODALITY]
    assert sorted(map(len, shown)) == [1] * len(names) + [len(names) - 1] * len(names)


def test_names_say_what_is_missing():
    assert subset_name(THREE, THREE) == 'all'
    assert subset_name(('insar',), THREE) == 'insar alone'
    assert subset_name(('optical', 'insar'), THREE) == 'without terrain'


def test_one_modality_has_no_subset_to_miss():
    assert not [p for p in missing_patterns(['optical']) if p.family is Family.MODALITY]


def test_patterns_become_transforms_that_build():
    for pattern in missing_patterns(THREE):
        built = [TRANSFORMS.build(t) for t in pattern.transforms({'terrain_slope': 10.0})]
        assert built[0].names == pattern.shown
        assert len(built) == (1 if pattern.family in (Family.NOTHING, Family.MODALITY) else 2)


@pytest.mark.parametrize(
    'options',
    [{'hole_shares': [0.0]}, {'hole_shares': [1.0]}, {'noise_levels': [-1]}],
)
def test_shares_and_levels_that_make_no_sense_are_refused(options):
    with pytest.raises(InputError, match='within 0 and 1'):
        missing_patterns(THREE, **options)
    with pytest.raises(InputError, match='none given'):
        missing_patterns([])
