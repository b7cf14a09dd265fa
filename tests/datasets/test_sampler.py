"""Every tile with a landslide once an epoch, and a stated share without."""

from collections import Counter

import numpy as np
import pytest
from mmengine.dataset import BaseDataset

from fusionls.datasets import sampler as module
from fusionls.datasets.sampler import LandslideSampler
from fusionls.datasets.tile_dataset import TileDataset
from fusionls.errors import InputError, LayerMissingError
from fusionls.testing import made_up_scene

LAYERS = {'terrain': ['terrain_slope'], 'optical': ['optical_red']}
TILES = 64  # 8 x 8 of 32 pixels


class Few(TileDataset):
    """64 tiles; landslides in the first eight, slope 40 in some of the others."""

    steep = range(40, 60)

    def open_scenes(self):
        scene = made_up_scene(LAYERS, shape=(256, 256), holes=0.0)
        scene.labels[:] = 0
        scene.labels[3:9, :] = 1  # the first row of tiles
        scene.modalities['terrain'].values[:] = 10.0
        for number in self.steep:
            row, col = divmod(number, 8)
            scene.modalities['terrain'].values[
                :, row * 32 : row * 32 + 16, col * 32 : col * 32 + 32
            ] = 40.0
        return [(scene, None)]  # fmt: skip


@pytest.fixture(scope='module')
def data():
    return Few(layers=LAYERS, tile=32)


def epochs(sampler, count):
    for epoch in range(count):
        sampler.set_epoch(epoch)
        yield list(sampler)


@pytest.mark.parametrize('share', [0.0, 0.2, 0.5, 0.8])
def test_an_epoch_has_every_landslide_once_and_the_share_without(data, share):
    sampler = LandslideSampler(data, negative_share=share, seed=0)
    for indices in epochs(sampler, 3):
        positives = [i for i in indices if i < 8]
        assert sorted(positives) == list(range(8))
        assert len(indices) == len(sampler)
        assert len(indices) - 8 == round(8 * share / (1 - share))
        assert max(Counter(indices).values()) == 1


def test_all_ground_is_seen_in_time_and_evenly(data):
    sampler = LandslideSampler(data, negative_share=0.5, seed=0)
    seen = Counter(i for indices in epochs(sampler, 350) for i in indices if i >= 8)
    assert set(seen) == set(range(8, 64))
    assert 25 < min(seen.values()) < 50 < max(seen.values()) < 80  # 50 on average, 6.5 deviation


def test_where_there_are_too_few_without_they_come_again_about_as_often(data):
    sampler = LandslideSampler(data, negative_share=0.95, seed=0)  # 152 of 56 tiles
    (indices,) = epochs(sampler, 1)
    times = Counter(i for i in indices if i >= 8)
    assert sum(times.values()) == 152
    assert set(times.values()) == {2, 3}


def test_hard_ground_is_drawn_as_often_as_asked(data):
    sampler = LandslideSampler(
        data, negative_share=0.5, hard={'terrain_slope': (30, None)}, hard_share=0.75, seed=0
    )
    for indices in epochs(sampler, 20):
        hard = [i for i in indices if i in Few.steep]
        assert 6 <= len(hard) <= 8  # six by weight, the others evenly
        assert max(Counter(indices).values()) == 1


def test_hardness_is_the_share_of_such_ground(data):
    sampler = LandslideSampler(data, hard={'terrain_slope': (30, None)}, seed=0)
    expected = [0.5 if i in Few.steep else 0.0 for i in sampler.negatives]
    np.testing.assert_array_equal(sampler.hardness, expected)


def test_draws_go_by_weight_without_putting_back():
    rng = np.random.default_rng(0)
    weights = np.array([0.0, 1.0, 3.0])
    first = Counter(int(module._drawn(rng, weights, 1)[0]) for _ in range(4000))
    assert first[0] == 0
    assert first[2] / 4000 == pytest.approx(0.75, abs=0.03)  # 3 / (1 + 3); 4 deviations
    for _ in range(20):
        assert sorted(module._drawn(rng, weights, 2)) == [1, 2]
    assert len(module._drawn(rng, np.zeros(3), 5)) == 0


def test_draws_depend_on_seed_and_epoch_alone(data):
    def drawn(seed):
        return list(epochs(LandslideSampler(data, seed=seed), 3))

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    first, second, _ = drawn(1)
    assert first != second


def test_processes_share_an_epoch_and_each_has_as_many(data, monkeypatch):
    parts = []
    for rank in range(3):
        monkeypatch.setattr(module, 'get_dist_info', lambda rank=rank: (rank, 3))
        sampler = LandslideSampler(data, negative_share=0.5, seed=0)
        parts.append(list(sampler))
        assert len(parts[-1]) == len(sampler) == 6
    together = Counter(i for part in parts for i in part)
    assert set(range(8)) <= set(together)
    assert sum(together.values()) == 18  # 16, filled up
    monkeypatch.setattr(module, 'get_dist_info', lambda: (2, 3))
    sampler = LandslideSampler(data, negative_share=0.5, seed=0, round_up=False)
    assert len(list(sampler)) == len(sampler) == 5


def test_a_data_set_whose_index_says_nothing_is_read(data, monkeypatch):
    plain = Few(layers=LAYERS, tile=32)
    monkeypatch.setattr(
        plain,
        'data_list',
        [{k: v for k, v in info.items() if k != 'landslide'} for info in plain.data_list],
    )
    assert list(LandslideSampler(plain, seed=0)) == list(LandslideSampler(data, seed=0))


def test_least_landslide_says_what_counts_as_one(data):
    share = 6 / 32
    assert len(LandslideSampler(data, least_landslide=share, seed=0).positives) == 8
    with pytest.raises(InputError, match='no tile has a landslide'):
        LandslideSampler(data, least_landslide=share + 0.01, seed=0)


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(InputError) as caught:
        LandslideSampler(BaseDataset(lazy_init=True), negative_share=1.0, hard_share=2.0)
    text = str(caught.value)
    assert 'negative_share is 1.0; expected 0 to below 1' in text
    assert 'hard_share is 2.0' in text
    assert 'expected a TileDataset, got BaseDataset' in text


def test_unknown_hard_layers_are_refused(data):
    with pytest.raises(LayerMissingError, match="no layer 'terrain_slop'; did you mean terrain_"):
        LandslideSampler(data, hard={'terrain_slop': (30, None)}, seed=0)


def test_tiles_that_all_have_landslides_are_refused_where_others_are_asked_for():
    class All(Few):
        def open_scenes(self):
            ((scene, owners),) = super().open_scenes()
            scene.labels[:] = 1
            return [(scene, owners)]

    data = All(layers=LAYERS, tile=32)
    with pytest.raises(InputError, match='no tile is without a landslide; use negative_share=0'):
        LandslideSampler(data, seed=0)
    assert len(LandslideSampler(data, negative_share=0, seed=0)) == TILES
