from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment
from skimage.measure import label, regionprops

from fusionls.evaluation.functional.objects import (
    ObjectCounts,
    count_objects,
    label_objects,
    match_centroids,
    match_labels,
)

SHAPE = (4, 6)
label_rasters = arrays(np.int32, SHAPE, elements=st.integers(0, 4))
masks = arrays(bool, SHAPE)
thresholds = st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.6, 1.0])


def iou_table(predicted, truth):
    true_ids = [i for i in np.unique(truth) if i]
    predicted_ids = [i for i in np.unique(predicted) if i]
    table = {
        (t, p): np.sum((truth == t) & (predicted == p)) / np.sum((truth == t) | (predicted == p))
        for t in true_ids
        for p in predicted_ids
    }
    return true_ids, predicted_ids, table


def best_by_brute_force(predicted, truth, threshold):
    """Most pairs, then the largest sum of IoU, over every one-to-one matching."""
    true_ids, predicted_ids, table = iou_table(predicted, truth)
    slots = predicted_ids + [None] * len(true_ids)
    best = (0, 0.0)
    for choice in set(itertools.permutations(slots, len(true_ids))):
        scores = [table[t, p] for t, p in zip(true_ids, choice, strict=True) if p is not None]
        scores = [score for score in scores if score >= threshold]
        best = max(best, (len(scores), sum(scores)))
    return best


@settings(max_examples=60, deadline=None)
@given(label_rasters, label_rasters, thresholds)
def test_matching_is_the_best_of_all_matchings(predicted, truth, threshold):
    match = match_labels(predicted, truth, iou_threshold=threshold)
    pairs, total = best_by_brute_force(predicted, truth, threshold)
    assert len(match.pairs) == pairs
    assert sum(iou for _, _, iou in match.pairs) == pytest.approx(total)


@given(label_rasters, label_rasters, thresholds)
def test_pairs_are_one_to_one_and_carry_their_true_iou(predicted, truth, threshold):
    match = match_labels(predicted, truth, iou_threshold=threshold)
    _, _, table = iou_table(predicted, truth)
    assert len({t for t, _, _ in match.pairs}) == len({p for _, p, _ in match.pairs})
    assert len({t for t, _, _ in match.pairs}) == len(match.pairs)
    for t, p, iou in match.pairs:
        assert iou >= threshold - 1e-12
        assert iou == pytest.approx(table[t, p])


@given(masks, masks, masks, thresholds)
def test_swapping_truth_and_prediction_swaps_precision_and_recall(a, b, valid, threshold):
    forth = count_objects(a, b, valid, iou_threshold=threshold)
    back = count_objects(b, a, valid, iou_threshold=threshold)
    assert (forth.matched, forth.predicted, forth.true) == (back.matched, back.true, back.predicted)


@given(masks, masks)
def test_a_prediction_equal_to_the_truth_matches_every_object(mask, valid):
    counts = count_objects(mask, mask, valid, iou_threshold=1.0)
    assert counts.matched == counts.predicted == counts.true


@given(masks, masks, masks, arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1])))
def test_what_stands_under_invalid_pixels_changes_no_object(predicted, truth, valid, garbage):
    assert count_objects(predicted, truth, valid) == count_objects(
        np.where(valid, predicted, garbage), np.where(valid, truth, garbage), valid
    )


def test_objects_that_touch_by_a_corner_are_one():
    assert label_objects(np.eye(3, dtype=bool)).max() == 1


def test_touching_landslides_stay_apart_when_the_inventory_tells_them_apart():
    truth = np.array([[7, 7, 9, 9]])
    predicted = np.array([[1, 1, 2, 2]])
    assert match_labels(predicted, truth).pairs == ((7, 1, 1.0), (9, 2, 1.0))
    merged = count_objects(predicted > 0, truth > 0)
    assert merged == ObjectCounts(matched=1, predicted=1, true=1)


def test_one_prediction_over_two_landslides_finds_only_the_larger():
    truth = np.array([[1, 1, 1, 1, 1, 1, 0, 2, 2, 2]])
    predicted = np.ones((1, 10), np.int32)
    assert match_labels(predicted, truth, iou_threshold=0.3).pairs == ((1, 1, 0.6),)


def test_low_thresholds_give_up_the_best_pair_for_one_more_match():
    # true 1 overlaps predicted 1 most, but predicted 2 has no partner other than true 1
    truth = np.array([[1, 1, 1, 1, 1, 2, 2, 0]])
    predicted = np.array([[2, 2, 1, 1, 1, 1, 0, 0]])
    match = match_labels(predicted, truth, iou_threshold=0.2)
    assert [(t, p) for t, p, _ in match.pairs] == [(1, 2), (2, 1)]


def test_two_halves_of_exactly_one_half_count_as_one_match():
    truth = np.ones((1, 4), np.int32)
    predicted = np.array([[1, 1, 2, 2]])
    assert match_labels(predicted, truth, iou_threshold=0.5).counts == ObjectCounts(1, 2, 1)


def test_specks_are_dropped_on_both_sides():
    truth = np.zeros((5, 9), bool)
    truth[1:4, 1:4] = True
    truth[0, 8] = True
    predicted = truth.copy()
    predicted[4, 6:8] = True
    assert count_objects(predicted, truth, min_pixels=3) == ObjectCounts(1, 1, 1)
    assert count_objects(predicted, truth) == ObjectCounts(2, 3, 2)


def test_an_invalid_stripe_cuts_objects_in_two():
    mask = np.ones((3, 5), bool)
    valid = np.ones((3, 5), bool)
    valid[:, 2] = False
    assert count_objects(mask, mask, valid) == ObjectCounts(2, 2, 2)


def test_nothing_anywhere_has_no_score():
    nothing = np.zeros((3, 3), bool)
    for counts in (count_objects(nothing, nothing), count_objects(~nothing, ~nothing, nothing)):
        assert counts == ObjectCounts()
        assert all(math.isnan(score) for score in counts.scores().values())


def test_all_landslide_is_one_object():
    everything = np.ones((4, 4), bool)
    assert count_objects(everything, everything) == ObjectCounts(1, 1, 1)


def test_counts_of_scenes_add_up_before_they_are_scored():
    counts = sum([ObjectCounts(1, 2, 1), ObjectCounts(0, 0, 3)], ObjectCounts())
    assert counts == ObjectCounts(1, 2, 4)
    assert counts.f1 == 2 / 6


def test_recall_by_type_counts_found_and_all_of_each_type():
    truth = np.array([[1, 0, 2, 0, 3, 0, 4]])
    predicted = np.array([[1, 0, 0, 0, 1, 0, 0]])
    match = match_labels(np.where(truth == 3, 2, predicted), truth)
    types = {1: 'fresh', 2: 'fresh', 3: 'old'}
    assert match.recall_by_type(types) == {'fresh': (1, 2), 'old': (1, 1), 'unknown': (0, 1)}


@pytest.mark.parametrize('threshold', [0.0, 1.1, float('nan')])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match='iou_threshold'):
        match_labels(np.zeros((2, 2), int), np.zeros((2, 2), int), iou_threshold=threshold)


def centres(labels):
    """Centroids by label, as scikit-image has them."""
    return {region.label: region.centroid for region in regionprops(labels)}


@settings(max_examples=60, deadline=None)
@given(label_rasters, label_rasters, st.sampled_from([0.5, 1.0, 2.0, 9.0]))
def test_centroids_match_as_in_the_table_of_all_distances(predicted, truth, distance):
    match = match_centroids(predicted, truth, distance=distance)
    true, found = centres(truth), centres(predicted)
    assert match.true_labels == tuple(true)
    assert match.predicted_labels == tuple(found)
    apart = np.array([[math.dist(t, p) for p in found.values()] for t in true.values()])
    worth = np.where(apart <= distance, 101 - apart / (2 * distance), 0)
    best = worth[linear_sum_assignment(worth, maximize=True)].sum() if apart.size else 0
    assert sum(100 + closeness for _, _, closeness in match.pairs) == pytest.approx(best)
    for t, p, closeness in match.pairs:
        assert closeness == pytest.approx(1 - math.dist(true[t], found[p]) / (2 * distance))


def test_a_landslide_mapped_in_its_place_but_half_as_large_is_found_by_its_centroid():
    truth = np.zeros((30, 30), np.int32)
    truth[5:25, 5:25] = 1
    predicted = np.zeros_like(truth)
    predicted[10:20, 10:20] = 1
    assert match_labels(predicted, truth).counts.matched == 0
    assert match_centroids(predicted, truth, distance=1.0).pairs == ((1, 1, 1.0),)


@pytest.mark.parametrize('distance', [0.0, -1.0, float('nan')])
def test_a_distance_that_is_none_is_refused(distance):
    with pytest.raises(ValueError, match='distance'):
        match_centroids(np.zeros((2, 2), int), np.zeros((2, 2), int), distance=distance)


def test_objects_of_hard_maps_are_those_of_scikit_image(hard_case):
    probability, truth = hard_case
    mask = (truth == 1) & (probability > 0.3)
    expected = label(mask, connectivity=2)
    found = label_objects(mask)
    assert found.max() == expected.max()
    np.testing.assert_array_equal(found, expected)
