"""Modalities are dropped as often as asked, and never the last that shows anything."""

import numpy as np
import pytest

from fusionls.datasets.transforms import DropModalities, KeepModalities
from fusionls.errors import LayerMissingError


def sample(**valid):
    return {m: (np.ones((1, 2, 2), np.float32), np.full((2, 2), ok)) for m, ok in valid.items()}


def after(transform, seed, **valid):
    results = {'inputs': sample(**valid), 'rng': np.random.default_rng(seed)}
    return set(transform.transform(results)['inputs'])


def test_each_modality_is_dropped_as_often_as_asked():
    transform = DropModalities(probability={'optical': 0.5, 'insar': 0.1})
    kept = [after(transform, seed, optical=True, insar=True, lidar=True) for seed in range(2000)]
    for name, expected in (('optical', 0.5), ('insar', 0.1), ('lidar', 0.0)):
        share = np.mean([name not in names for names in kept])
        assert share == pytest.approx(expected, abs=4 * (0.25 / 2000) ** 0.5)


def test_drops_are_independent():
    transform = DropModalities(probability=0.3)
    kept = [after(transform, seed, a=True, b=True, c=True) for seed in range(3000)]
    both = np.mean([not names & {'a', 'b'} for names in kept])
    # both gone: 0.3 * 0.3, less a share of the cases where all three were to go
    assert both == pytest.approx(0.09 - 0.027 * 2 / 3, abs=0.02)


@pytest.mark.parametrize('seed', range(20))
def test_something_valid_always_stays(seed):
    transform = DropModalities(probability=1.0)
    assert len(after(transform, seed, a=True, b=True)) == 1
    assert after(transform, seed, a=False, b=True, c=False) == {'b'}


def test_the_one_that_stays_is_not_always_the_same():
    transform = DropModalities(probability=1.0)
    assert {next(iter(after(transform, s, a=True, b=True, c=True))) for s in range(40)} == set(
        'abc'
    )


def test_draws_come_from_the_generator_of_the_sample_alone():
    transform = DropModalities(probability=0.5)
    for seed in range(10):
        np.random.seed(seed)
        names = dict(a=True, b=True, c=True)
        assert after(transform, seed, **names) == after(transform, seed, **names)


def test_the_order_of_the_dict_changes_no_draw():
    transform = DropModalities(probability=0.5)
    for seed in range(20):
        assert after(transform, seed, a=True, b=True) == after(transform, seed, b=True, a=True)


def test_only_those_named_are_kept():
    assert after(KeepModalities(names=['a', 'c']), 0, a=True, b=True, c=False) == {'a', 'c'}


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(LayerMissingError, match=r"no modality \['optcal'\]; did you mean optical"):
        after(KeepModalities(names=['optcal']), 0, optical=True)
