"""Ramps apply transforms as often as the epoch says."""

from types import SimpleNamespace

import numpy as np
import pytest

from fusionls.datasets.transforms import DropModalities, RampTransforms
from fusionls.errors import InputError


def mark(results):
    return {**results, 'marked': True}


def often(ramp, epoch, count=800):
    dataset = SimpleNamespace(epoch=epoch)
    marked = [
        'marked' in ramp.transform({'dataset': dataset, 'rng': np.random.default_rng(seed)})
        for seed in range(count)
    ]
    return np.mean(marked)


@pytest.mark.parametrize(
    ('epoch', 'share'), [(0, 0.1), (2, 0.1), (4, 0.3), (6, 0.5), (10, 0.9), (50, 0.9)]
)
def test_the_share_of_samples_follows_the_epoch(epoch, share):
    ramp = RampTransforms(transforms=[mark], epochs=8, start=0.1, stop=0.9, first=2)
    assert ramp.share(epoch) == pytest.approx(share)
    assert often(ramp, epoch) == pytest.approx(share, abs=4 * (0.25 / 800) ** 0.5)


def test_a_ramp_may_fall():
    ramp = RampTransforms(transforms=[mark], epochs=4, start=1.0, stop=0.0)
    assert [often(ramp, epoch, 50) for epoch in (0, 4)] == [1.0, 0.0]


def test_transforms_of_configs_are_built_and_applied_in_order():
    ramp = RampTransforms(
        transforms=[dict(type=DropModalities, probability={'a': 1.0}), mark], epochs=1, start=1.0
    )
    inputs = {m: (np.ones((1, 2, 2), np.float32), np.ones((2, 2), bool)) for m in 'ab'}
    found = ramp.transform(
        {'dataset': SimpleNamespace(epoch=0), 'rng': np.random.default_rng(0), 'inputs': inputs}
    )
    assert set(found['inputs']) == {'b'}
    assert found['marked']


@pytest.mark.parametrize('options', [{'stop': 1.1}, {'start': -0.1}, {'epochs': 0}, {'first': -1}])
def test_ramps_that_cannot_be_are_refused(options):
    with pytest.raises(InputError, match='expected shares between 0 and 1'):
        RampTransforms(**{'transforms': [], 'epochs': 2, **options})
