"""The figures that are stated for the ground filters, on the samples and on terrain unlike them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fusionls.layers.lidar.bare_earth import BareEarth
from fusionls.layers.lidar.ground_filters import ground_filter

BENCHMARKS = Path(__file__).parents[2] / 'benchmarks'


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import ground_filter

    return ground_filter


class Level:
    """Says that whatever lies within half a metre of zero is ground."""

    def bare_earth(self, lowest, valid, pixel):
        zero = np.zeros(lowest.shape, np.float32)
        return BareEarth(zero, zero + 0.5, valid)


def test_errors_and_kappa_are_those_of_the_table_of_counts(bench):
    # of 10 ground points 1 is missed, of 5 objects 2 are taken for ground
    z = np.array([0.0] * 9 + [2.0] + [0.1] * 2 + [5.0] * 3)
    truth = bench.Truth(np.arange(15.0), np.zeros(15), z, np.arange(15) < 10)
    found = bench.score(Level(), truth)
    assert found.first == pytest.approx(10)
    assert found.second == pytest.approx(40)
    assert found.total == pytest.approx(100 * 3 / 15)
    chance = (10 * 11 + 5 * 4) / 15**2
    assert found.kappa == pytest.approx(100 * (12 / 15 - chance) / (1 - chance))


def test_samples_on_a_hillside_keep_their_labels_and_their_walls(bench):
    rng = np.random.default_rng(0)
    flat = bench.Truth(*rng.uniform(0, 50, (3, 100)), rng.random(100) < 0.5)
    steep = bench.on_hillside(flat, 1.0, 90)
    assert np.array_equal(steep.ground, flat.ground)
    assert steep.z - flat.z == pytest.approx(flat.x - flat.x.mean())


@pytest.mark.real_data
def test_the_stated_figures_on_the_isprs_samples(bench, real_data):
    labelled = bench.samples(real_data / 'lidar_isprs_filtertest')
    assert sorted(labelled) == ['samp11', 'samp12', 'samp21', 'samp31', 'samp51', 'samp61']
    mean = bench.mean([bench.score(ground_filter(), truth) for truth in labelled.values()])
    assert mean.total == pytest.approx(3.32, abs=0.05)
    assert mean.kappa == pytest.approx(89.9, abs=0.2)
    # the same objects on slopes and ridges: what the default is made for
    for slope, most in ((0.5, 4.9), (1.0, 5.3)):
        laid = [bench.on_hillside(truth, slope, 143) for truth in labelled.values()]
        assert bench.mean([bench.score(ground_filter(), t) for t in laid]).total < most


def test_the_default_holds_in_steep_forest(bench):
    forest = bench.forest(6, 0.6, 4.0, 0.15)
    ours, smrf = (bench.score(ground_filter(name), forest) for name in ('adaptive', 'smrf'))
    assert ours.total < 4
    assert ours.kappa > 88
    assert ours.total < smrf.total - 1
