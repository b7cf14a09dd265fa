"""No training ground within the buffer of validation ground, whatever the numbers."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_cdt

from fusionls.datasets.splits import (
    NOBODY,
    TRAIN,
    VALIDATION,
    SplitMap,
    blocks_of_columns,
    fold_blocks,
    fold_groups,
    held_out_groups,
    one_owner,
    random_blocks,
    random_tiles,
    with_buffer,
)
from fusionls.errors import SplitError, SplitLeakageWarning
from fusionls.geo.window import Window

sides = st.integers(40, 200)
splits = st.fixed_dictionaries(
    {
        'shape': st.tuples(sides, sides),
        'cell': st.integers(4, 12),
        'block': st.integers(1, 4),
        'share': st.floats(0.05, 0.5),
        'buffer': st.integers(0, 2),
        'seed': st.integers(0, 10**6),
    }
)


def made(options):
    try:
        return random_blocks(**options)
    except SplitError:
        assume(False)


def pixels(split, shape, name):
    return split.allowed(Window(0, 0, *shape), name)


@given(options=splits)
def test_no_train_pixel_lies_within_the_buffer_of_a_validation_pixel(options):
    split, shape = made(options), options['shape']
    train, validation = pixels(split, shape, 'train'), pixels(split, shape, 'val')
    # steps of a king on the board of pixels to the nearest validation pixel
    steps = distance_transform_cdt(~validation, metric='chessboard')
    assert (steps[train] > options['buffer'] * options['cell']).all()
    assert not (train & validation).any()


@given(options=splits)
def test_the_same_seed_gives_the_same_split(options):
    assert np.array_equal(made(options).owner, random_blocks(**options).owner)


def test_another_seed_gives_another_split():
    options = dict(shape=(500, 500), cell=10, block=2, share=0.2, buffer=1)
    owners = [random_blocks(**options, seed=seed).owner.tobytes() for seed in range(5)]
    assert len(set(owners)) == 5


@given(options=splits)
def test_both_sides_have_ground(options):
    owner = made(options).owner
    assert (owner == TRAIN).any()
    assert (owner == VALIDATION).any()


@given(
    options=splits,
    window=st.builds(
        Window, st.integers(-50, 250), st.integers(-50, 250), st.integers(1, 60), st.integers(1, 60)
    ),
)
def test_a_window_sees_what_the_whole_says_and_nothing_outside(options, window):
    split, (rows, cols) = made(options), options['shape']
    cell_rows, cell_cols = (-(-n // options['cell']) * options['cell'] for n in (rows, cols))
    for name in ('train', 'val'):
        whole = pixels(split, (cell_rows, cell_cols), name)
        margin = 320
        framed = np.pad(whole, margin)
        expected = framed[
            window.row + margin : window.row + margin + window.height,
            window.col + margin : window.col + margin + window.width,
        ]
        assert np.array_equal(split.allowed(window, name), expected)


def test_whole_columns_are_validation_and_their_neighbours_nobodys():
    split = blocks_of_columns((30, 100), cell=10, validation=[(2, 4), (8, 9)], buffer=1)
    expected = [TRAIN, NOBODY, VALIDATION, VALIDATION, NOBODY, TRAIN, TRAIN, NOBODY, VALIDATION]
    assert (split.owner == [*expected, NOBODY]).all()
    assert split.share('val') == 0.3
    assert split.share('train') == 0.3


def test_the_buffer_reaches_diagonally():
    chosen = np.zeros((5, 5), bool)
    chosen[2, 2] = True
    owner = with_buffer(chosen, 1)
    assert (owner[1:4, 1:4] != TRAIN).all()
    assert (owner == TRAIN).sum() == 16


@pytest.mark.parametrize('validation', [np.ones((4, 4), bool), np.zeros((4, 4), bool)])
def test_an_empty_side_is_refused(validation):
    with pytest.raises(SplitError, match='no ground is left for'):
        with_buffer(validation, 0)


def test_a_buffer_that_eats_all_training_ground_is_refused():
    chosen = np.zeros((3, 3), bool)
    chosen[1, 1] = True
    with pytest.raises(SplitError, match="no ground is left for 'train': 1 of 9 cells"):
        with_buffer(chosen, 1)


@pytest.mark.parametrize('share', [0.0, 1.0, -0.5, 2.0])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(SplitError, match='between 0 and 1'):
        random_blocks((100, 100), 10, 2, share, 1, 0)


def test_an_unknown_split_is_refused_by_name():
    with pytest.raises(SplitError, match="split 'vall' is unknown; did you mean"):
        SplitMap(10, np.ones((2, 2), np.uint8)).allowed(Window(0, 0, 5, 5), 'vall')


def test_all_ground_is_allowed_to_all():
    assert SplitMap(10, np.zeros((2, 2), np.uint8)).allowed(Window(-5, 0, 9, 9), 'all').all()


@given(
    shape=st.tuples(sides, sides),
    cell=st.integers(4, 12),
    block=st.integers(1, 3),
    folds=st.integers(2, 6),
    seed=st.integers(0, 10**6),
)
def test_over_all_folds_every_pixel_is_validation_once(shape, cell, block, folds, seed):
    assume(math.prod(-(-side // (cell * block)) for side in shape) >= folds)
    made_folds = [fold_blocks(shape, cell, block, folds, k, 0, seed) for k in range(folds)]
    times = sum(pixels(split, shape, 'val').astype(int) for split in made_folds)
    assert (times == 1).all()
    for split in made_folds:  # without a buffer the rest trains
        assert (pixels(split, shape, 'val') != pixels(split, shape, 'train')).all()


def test_folds_have_as_many_blocks_within_one_and_keep_their_buffer():
    counts = []
    for k in range(4):
        split = fold_blocks((100, 100), 10, 1, 4, k, 1, seed=3)
        counts.append(int((split.owner == VALIDATION).sum()))
        steps = distance_transform_cdt(split.owner != VALIDATION, metric='chessboard')
        assert (steps[split.owner == TRAIN] > 1).all()
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(('folds', 'fold'), [(1, 0), (3, 3), (3, -1)])
def test_folds_that_are_none_are_refused(folds, fold):
    with pytest.raises(SplitError, match='expected two folds at least, counted from 0'):
        fold_blocks((100, 100), 10, 1, folds, fold, 0, 0)
    with pytest.raises(SplitError, match='expected two folds at least'):
        fold_groups(['a', 'b', 'c', 'd'], folds, fold, 0)


def test_more_folds_than_blocks_or_groups_are_refused():
    with pytest.raises(SplitError, match='9 folds of 4 blocks'):
        fold_blocks((20, 20), 10, 1, 9, 0, 0, 0)
    with pytest.raises(SplitError, match='9 folds of 2 groups'):
        fold_groups(['a', 'b', 'a'], 9, 0, 0)


def test_the_customary_split_gives_single_tiles_and_says_what_it_is_worth():
    with pytest.warns(SplitLeakageWarning, match='neighbours share landslides and texture'):
        split = random_tiles((100, 100), 10, 0.3, seed=0)
    assert (split.owner == VALIDATION).sum() == 30
    assert (split.owner == TRAIN).sum() == 70


def test_whole_groups_are_held_out():
    groups = ['nepal', 'chile', 'nepal', 'italy']
    assert held_out_groups(groups, ['nepal']).tolist() == [True, False, True, False]


def test_all_that_is_wrong_with_held_out_groups_is_said_at_once():
    with pytest.raises(SplitError) as caught:
        held_out_groups(['nepal', 'chile'], ['nepl', 'chil'])
    assert "no group 'nepl'; did you mean nepal?" in str(caught.value)
    assert "no group 'chil'; did you mean chile?" in str(caught.value)
    with pytest.raises(SplitError, match='2 of 2 groups are held out'):
        held_out_groups(['nepal', 'chile'], ['nepal', 'chile'])
    with pytest.raises(SplitError, match='0 of 2 groups are held out'):
        held_out_groups(['nepal', 'chile'], [])


@given(
    groups=st.lists(st.sampled_from('abcdefgh'), min_size=8, max_size=40).filter(
        lambda names: len(set(names)) >= 3
    ),
    seed=st.integers(0, 10**6),
)
def test_folds_of_groups_take_each_once_and_never_part_of_one(groups, seed):
    folds = [fold_groups(groups, 3, k, seed) for k in range(3)]
    assert (np.sum(folds, axis=0) == 1).all()
    for out in folds:
        inside = {name for name, is_out in zip(groups, out, strict=True) if is_out}
        outside = {name for name, is_out in zip(groups, out, strict=True) if not is_out}
        assert not inside & outside


def test_a_scene_of_one_owner_is_all_his():
    assert one_owner((30, 50), 'val').allowed(Window(0, 0, 30, 50), 'val').all()
    assert not one_owner((30, 50), 'val').allowed(Window(0, 0, 30, 50), 'train').any()
