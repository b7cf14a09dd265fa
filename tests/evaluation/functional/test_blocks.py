from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.errors import FileMissingError, InputError
from fusionls.evaluation.functional.blocks import (
    GROUPS,
    MOST_BLOCKS,
    BlockSums,
    drawn_blocks,
    intervals,
    paired_differences,
)


def share(sums):
    """The only score of these tests: hits over trials."""
    return {'share': np.asarray(sums['hits'] / sums['trials'])}


def blocks_of(hits, trials=100.0):
    made = BlockSums()
    for number, value in enumerate(hits):
        made.add(f'b{number:03d}', {'hits': value, 'trials': trials})
    return made


@given(st.lists(st.tuples(st.sampled_from('abc'), st.integers(0, 9)), min_size=1))
def test_totals_do_not_depend_on_how_tiles_fall_into_blocks(tiles):
    apart, split, again = BlockSums(), BlockSums(), BlockSums()
    for number, (block, value) in enumerate(tiles):
        apart.add(block, {'n': np.array([value, 1.0])})
        (split if number % 2 else again).add(block, {'n': np.array([value, 1.0])})
    split += again
    expected = [sum(v for _, v in tiles), len(tiles)]
    assert apart.total()['n'].tolist() == split.total()['n'].tolist() == expected
    for block in {b for b, _ in tiles}:
        of_block = [v for b, v in tiles if b == block]
        assert apart.blocks[block]['n'].tolist() == [sum(of_block), len(of_block)]


def test_a_sum_that_a_block_lacks_is_zero_there():
    made = BlockSums()
    made.add('b', {'rare': np.array([2.0, 3.0])})
    made.add('a', {'n': np.array(1.0)})
    assert made.stacked()['rare'].tolist() == [[0, 0], [2, 3]]
    assert made.stacked()['n'].tolist() == [1, 0]


def test_adding_does_not_change_what_was_given():
    given_ = np.array([1.0])
    made = BlockSums()
    made.add('a', {'n': given_})
    made.add('a', {'n': given_})
    assert given_.tolist() == [1.0]
    other = BlockSums()
    other += made
    other.add('a', {'n': given_})
    assert made.total()['n'].tolist() == [2.0]


def test_many_blocks_become_groups_in_any_order_and_lose_nothing():
    names = [f'tile {i}' for i in range(3 * MOST_BLOCKS)]
    forth, back, halves = BlockSums(), BlockSums(), [BlockSums(), BlockSums()]
    for i, name in enumerate(names):
        forth.add(name, {'n': np.array(float(i))})
        back.add(names[-1 - i], {'n': np.array(float(len(names) - 1 - i))})
        halves[i % 7 == 0].add(name, {'n': np.array(float(i))})
    few, many = sorted(halves, key=len)
    few.grouped, many_first = few.grouped, BlockSums()
    many_first += few
    many_first += many
    assert len(forth) <= GROUPS
    assert forth.grouped
    for other in (back, many_first):
        assert {b: s['n'] for b, s in other.blocks.items()} == {
            b: s['n'] for b, s in forth.blocks.items()
        }
    assert forth.total()['n'] == sum(range(len(names)))


def test_each_draw_takes_as_many_blocks_as_there_are():
    weights = drawn_blocks(12, 500, seed=0)
    assert (weights.sum(axis=1) == 12).all()
    assert weights.mean() == pytest.approx(1)
    assert abs(weights.mean(axis=0) - 1).max() < 0.2


def test_an_interval_is_that_of_the_binomial_where_blocks_are_single_trials():
    rng = np.random.default_rng(0)
    hits = (rng.random(800) < 0.3).astype(float)
    found = intervals(blocks_of(hits, trials=1.0), share, draws=2000)['share']
    spread = math.sqrt(hits.mean() * (1 - hits.mean()) / 800)
    assert found.value == pytest.approx(hits.mean())
    assert (found.low, found.high) == pytest.approx(
        (hits.mean() - 1.96 * spread, hits.mean() + 1.96 * spread),
        abs=0.25 * spread,  # quantiles of 2000 draws vary too
    )


def test_intervals_know_that_pixels_of_a_block_are_not_independent():
    # 40 blocks of 100 pixels, each all right or all wrong: 40 trials, not 4000
    hits = np.repeat([0.0, 100.0], 20)
    found = intervals(blocks_of(hits), share)['share']
    assert found.high - found.low == pytest.approx(4 * 0.5 / math.sqrt(40), rel=0.15)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(5)
    held = 0
    for trial in range(150):
        found = intervals(blocks_of(rng.binomial(100, rng.beta(3, 7, 60))), share, draws=300,
                          seed=trial)['share']  # fmt: skip
        held += found.low <= 0.3 <= found.high
    assert 0.87 <= held / 150 <= 1


def test_one_block_has_no_interval():
    found = intervals(blocks_of([30.0]), share)['share']
    assert found.value == 0.3
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert intervals(BlockSums(), share) == {}


def test_an_undefined_score_is_undefined_and_draws_without_it_are_left_out():
    made = blocks_of([50.0, 0.0], trials=1.0)
    made.blocks['b001']['trials'] = np.array(0.0)
    with np.errstate(invalid='ignore'):
        found = intervals(made, share)['share']
    assert 0 < found.draws < 1000
    assert found.low == found.high == 50.0


def test_the_same_seed_gives_the_same_interval():
    made = blocks_of(np.arange(30.0))
    assert intervals(made, share, seed=3) == intervals(made, share, seed=3)
    assert intervals(made, share, seed=3) != intervals(made, share, seed=4)


def test_pairing_finds_a_small_gain_that_varying_ground_hides():
    rng = np.random.default_rng(0)
    easy = rng.uniform(10, 90, 50)  # blocks differ much more than runs do
    better, worse = blocks_of(easy + rng.normal(2, 1, 50)), blocks_of(easy)
    found = paired_differences(better, worse, share)['share']
    assert found.interval.low > 0
    assert found.p_value <= 0.01
    alone = [intervals(run, share)['share'] for run in (better, worse)]
    assert alone[0].low < alone[1].high  # apart, nothing could be told
    back = paired_differences(worse, better, share)['share']
    assert back.interval.value == pytest.approx(-found.interval.value)
    assert back.p_value == found.p_value


def test_a_run_does_not_differ_from_itself():
    made = blocks_of(np.arange(30.0))
    found = paired_differences(made, made, share)['share']
    assert found.interval.value == found.interval.low == found.interval.high == 0
    assert found.p_value == 1.0


def test_false_alarms_of_the_paired_test_are_as_rare_as_they_should_be():
    rng = np.random.default_rng(1)
    alarms = 0
    for trial in range(150):
        ground = rng.uniform(10, 90, 40)
        runs = [blocks_of(ground + rng.normal(0, 5, 40)) for _ in range(2)]
        alarms += paired_differences(*runs, share, draws=300, seed=trial)['share'].p_value < 0.05
    assert alarms / 150 < 0.12


def test_runs_on_other_ground_are_refused():
    with pytest.raises(InputError, match=r'1 blocks stand in one of them only \(b003\)'):
        paired_differences(blocks_of([1.0, 2, 3]), blocks_of([1.0, 2, 3, 4]), share)
    with pytest.raises(InputError, match='no blocks at all'):
        paired_differences(BlockSums(), BlockSums(), share)


def test_sums_survive_their_file(tmp_path):
    made = blocks_of([1.0, 2.5])
    made.add('b000', {'curve': np.arange(6.0).reshape(2, 3)})
    read = BlockSums.read(made.write(tmp_path / 'x.npz'))
    assert list(read.blocks) == list(made.blocks)
    for name, values in made.stacked().items():
        np.testing.assert_array_equal(read.stacked()[name], values)
    assert not read.grouped


def test_a_file_of_another_kind_is_named(tmp_path):
    (tmp_path / 'text.npz').write_text('hello')
    np.savez(tmp_path / 'other.npz', x=np.zeros(3))
    np.savez(tmp_path / 'pickled.npz', __blocks__=np.array([object()]))
    np.savez(tmp_path / 'short.npz', __blocks__=np.array(['a', 'b']), n=np.zeros(3))
    for name in ('text', 'other', 'pickled', 'short'):
        with pytest.raises(InputError, match=rf'{name}\.npz: holds no sums of blocks'):
            BlockSums.read(tmp_path / f'{name}.npz')
    with pytest.raises(FileMissingError, match=r'gone\.npz'):
        BlockSums.read(tmp_path / 'gone.npz')
