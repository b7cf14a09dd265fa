"""A sound model learns four tiles by heart; one that does not move fails, and says so."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from fusionls.apis import load_config
from fusionls.errors import InputError
from fusionls.testing.config_parts import MIXED, Task, plain_pipeline, tiles_to_learn
from fusionls.testing.overfitting import overfitting

TINY = Path(__file__).parents[1] / 'configs' / 'tiny.py'


@pytest.fixture
def tiny():
    torch.set_num_threads(1)
    config = load_config(TINY)
    config.train_dataloader.dataset.shape = (192, 192)
    return config


def landslide(sample):
    return float((sample['data_samples'].gt_sem_seg.data == 1).float().mean())


def test_a_sound_model_learns_and_is_stopped_when_it_has(tiny):
    before = copy.deepcopy(tiny.to_dict())
    found = overfitting(tiny, most_steps=200, every=5)
    assert found.passed
    assert found.score > 0.9
    assert found.steps < 200
    assert found.steps % 5 == 0
    assert (found.task, found.score_name, found.side) == ('maps', 'landslide/iou', 32)
    assert (found.lr, found.optimizer, found.stopped) == (3e-3, 'AdamW', '')
    assert tiny.to_dict() == before


def test_a_model_that_does_not_move_fails(tiny):
    found = overfitting(tiny, most_steps=6, every=3, lr=0.0)
    assert not found.passed
    assert found.steps == 6
    assert found.lr == 0.0
    assert found.best < 0.9


def test_it_gives_up_when_its_time_is_over_or_the_loss_is_none(tiny):
    found = overfitting(tiny, most_minutes=0.0)
    assert (found.passed, found.steps) == (False, 1)
    assert found.stopped == '0 CPU minutes are over'
    # no clipping, and steps that no weight survives
    tiny.optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1e30))
    found = overfitting(tiny, most_steps=20)
    assert not found.passed
    assert found.stopped.startswith('the loss is')


def test_each_tile_shows_both_classes_and_nothing_is_augmented(tiny):
    dataset = tiles_to_learn(tiny, 4, most_side=128)
    shares = [landslide(dataset[i]) for i in range(len(dataset))]
    assert len(shares) == 4
    assert all(0.8 * MIXED[0] <= share <= MIXED[1] for share in shares)  # holes do not count
    again = [landslide(dataset[i]) for i in range(4)]
    dataset.epoch = 1
    assert again == shares == [landslide(dataset[i]) for i in range(4)]
    assert [t.type.__name__ for t in plain_pipeline(tiny)] == ['LoadTile', 'PackTile']


def test_classes_of_tiles_are_learned_from_tiles_with_and_without(tiny):
    tiny.test_evaluator = dict(type='TileClassMetric')
    dataset = tiles_to_learn(tiny, 4, most_side=16)
    shares = np.array([landslide(dataset[i]) for i in range(4)])
    assert (shares[:2] > 0.1).all()
    assert (shares[2:] == 0).all()
    assert dataset.tile == 16


def test_too_few_tiles_with_both_classes_are_refused(tiny):
    tiny.train_dataloader.dataset.shape = (32, 32)
    with pytest.raises(InputError, match='expected 4 at least'):
        tiles_to_learn(tiny, 4, most_side=32)


def test_a_bar_of_one_is_reached_and_others_are_passed():
    assert Task('tiles', 'accuracy', 1.0).is_learned(1.0)
    assert not Task('tiles', 'accuracy', 1.0).is_learned(0.99)
    assert not Task('maps', 'iou', 0.9).is_learned(0.9)
    assert Task('maps', 'iou', 0.9).is_learned(0.901)
