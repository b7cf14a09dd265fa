from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    cohen_kappa_score,
    f1_score,
    jaccard_score,
    matthews_corrcoef,
)

from fusionls.evaluation.functional.blocks import BlockSums, intervals
from fusionls.evaluation.functional.map_sums import STRATUM, Rules, map_sums
from fusionls.evaluation.functional.scores import KINDS, plain, score_table, scores, strata_of

RULES = Rules(least_pixels=2)
DISTANCES = RULES.boundary_distances


def tiles(count=12, seed=0):
    """Probabilities and labels of tiles, some of them without any landslide in map and truth."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        truth = np.where(rng.random((16, 17)) < 0.1 * (number % 4), 1, 0).astype(np.uint8)
        truth[rng.random(truth.shape) < 0.1] = 255
        probability = np.clip(rng.random(truth.shape) * 0.499 + 0.4 * (truth == 1), 0, 1)
        if number % 4:
            probability = np.clip(probability + 0.2 * (rng.random(truth.shape) < 0.2), 0, 1)
        made.append((probability, truth))
    return made


def blocks_of(made):
    blocks = BlockSums()
    for number, (probability, truth) in enumerate(made):
        blocks.add(f'b{number // 2}', map_sums(truth, probability=probability, rules=RULES).sums)
    return blocks


@pytest.fixture(scope='module')
def found():
    return plain(scores(blocks_of(tiles()).total(), DISTANCES))


def flat(made):
    counted = [truth != 255 for _, truth in made]
    y = np.concatenate([t[c] for (_, t), c in zip(made, counted, strict=True)])
    p = np.concatenate([p[c] for (p, _), c in zip(made, counted, strict=True)])
    return y, p


def test_pooled_and_macro_scores_are_those_of_scikit_learn_over_all_pixels(found):
    y, p = flat(tiles())
    x = (p >= 0.5).astype(int)
    for name, expected in {
        'f1': f1_score(y, x),
        'iou': jaccard_score(y, x),
        'miou': jaccard_score(y, x, average='macro'),
        'macro_f1': f1_score(y, x, average='macro'),
        'mcc': matthews_corrcoef(y, x),
        'kappa': cohen_kappa_score(y, x),
        'brier': brier_score_loss(y, p),
    }.items():
        assert found[name] == pytest.approx(expected, abs=1e-9), name
    assert found['ap'] == pytest.approx(average_precision_score(y, p), abs=2e-3)


@pytest.mark.parametrize(
    ('name', 'empty'), [('per_image_f1', np.nan), ('per_image_f1_empty_is_1', 1.0)]
)
def test_per_image_scores_are_those_of_scikit_learn_averaged(found, name, empty):
    each = []
    for probability, truth in tiles():
        y, x = truth[truth != 255], (probability >= 0.5)[truth != 255].astype(int)
        each.append(f1_score(y, x, zero_division=empty))
    assert np.isnan(each).any() or empty == 1  # the two do differ
    assert found[name] == pytest.approx(np.nanmean(each), abs=1e-9)


def test_the_kinds_differ_on_one_and_the_same_prediction(found):
    kinds = [found[n] for n in ('f1', 'macro_f1', 'per_image_f1', 'per_image_f1_empty_is_1')]
    assert len({round(value, 4) for value in kinds}) == 4


OF_TILES = {'tile', 'screening'}  # kinds that no map has; their metrics have tests of their own


def test_every_score_states_a_kind_that_is_explained(found):
    table = score_table(DISTANCES, list(blocks_of(tiles()).total()))
    assert list(table) == list(found)
    assert {score.kind for score in table.values()} == set(KINDS) - OF_TILES


def test_scores_of_hard_maps_are_numbers_or_undefined_and_never_infinite(hard_case):
    probability, truth = hard_case
    sums = map_sums(truth, probability=probability, rules=RULES).sums
    values = plain(scores(sums, DISTANCES))
    assert all(math.isnan(v) or -1 <= v < 1000 for v in values.values())
    if (truth == 255).all():
        assert all(v is math.nan for v in values.values())


def test_inventory_bias_is_zero_where_as_much_is_predicted_as_there_is():
    truth = np.zeros((20, 20), np.uint8)
    truth[2:6, 2:6] = truth[10:14, 10:14] = 1
    two = plain(scores(map_sums(truth, predicted=np.roll(truth, 1), rules=RULES).sums, DISTANCES))
    assert two['count_bias'] == two['area_bias'] == 0
    one = truth.copy()
    one[8:] = 0
    half = plain(scores(map_sums(truth, predicted=one, rules=RULES).sums, DISTANCES))
    assert half['count_bias'] == half['area_bias'] == -0.5


def test_every_score_of_drawn_blocks_is_that_of_the_blocks_counted_anew():
    made = blocks_of(tiles())
    weights = np.array([[2.0, 0, 1, 1, 0, 2], [1, 1, 1, 1, 1, 1]])
    drawn = {n: np.tensordot(weights, v, axes=1) for n, v in made.stacked().items()}
    found = scores(drawn, DISTANCES)
    for row, times in enumerate(weights.astype(int)):
        again = BlockSums()
        for block, count in zip(sorted(made.blocks), times, strict=True):
            for _ in range(count):
                again.add(block, made.blocks[block])
        for name, value in scores(again.total(), DISTANCES).items():
            assert found[name][row] == pytest.approx(float(value), abs=1e-9), name


def test_intervals_of_every_score_lie_around_its_value():
    found = intervals(blocks_of(tiles(80)), lambda s: scores(s, DISTANCES), draws=300)
    for name, interval in found.items():
        assert interval.low <= interval.value <= interval.high, name
    assert found['f1'].high > found['f1'].low


def test_strata_are_named_and_counted():
    truth = np.array([[0, 1, 1, 0]], np.uint8)
    halves = [('left', np.array([[True, True, False, False]]))]
    sums = map_sums(truth, predicted=truth, rules=RULES, strata=halves).sums
    assert STRATUM + 'left' in sums
    assert {n: (c.tp, c.tn) for n, c in strata_of(sums).items()} == {'left': (1, 1)}
