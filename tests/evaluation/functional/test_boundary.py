from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.segmentation import find_boundaries

from fusionls.evaluation.functional.boundary import BoundaryScores, boundary_sums, outline


def masks_of(hard_case):
    probability, truth = hard_case
    counted = truth != 255
    return counted & (probability >= 0.5), counted & (truth == 1), counted


def slow_outline(mask, counted):
    """Pixels of the mask with a counted neighbour outside it, one by one."""
    found = set()
    rows, cols = mask.shape
    for r, c in zip(*np.nonzero(mask), strict=True):
        for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            a, b = r + dr, c + dc
            if 0 <= a < rows and 0 <= b < cols and counted[a, b] and not mask[a, b]:
                found.add((r, c))
    return found


def near(points, others, distance):
    others = np.array(sorted(others)).reshape(-1, 2)
    return sum(len(others) and np.hypot(*(others - point).T).min() <= distance for point in points)


def slow_band(mask, counted, distance):
    outside = list(zip(*np.nonzero(counted & ~mask), strict=True))
    return {p for p in zip(*np.nonzero(mask), strict=True) if near([p], outside, distance)}


@pytest.mark.parametrize('distance', [1.0, 1.5, 3.0])
def test_both_scores_are_those_of_every_pair_of_pixels(hard_case, distance):
    predicted, truth, counted = masks_of(hard_case)
    for_f, for_iou = boundary_sums(predicted, truth, counted, [distance])
    lines = slow_outline(predicted, counted), slow_outline(truth, counted)
    expected = [
        near(lines[0], lines[1], distance), len(lines[0]),
        near(lines[1], lines[0], distance), len(lines[1]),
    ]  # fmt: skip
    assert for_f[0].tolist() == expected
    bands = [slow_band(mask, counted, distance) for mask in (predicted, truth)]
    assert for_iou[0].tolist() == [len(bands[0] & bands[1]), len(bands[0] | bands[1])]


def test_the_outline_is_the_inner_boundary_of_scikit_image(hard_case):
    _, truth, _ = masks_of(hard_case)
    expected = truth & find_boundaries(truth, connectivity=1, mode='inner')
    np.testing.assert_array_equal(outline(truth, np.ones(truth.shape, bool)), expected)


def test_neither_the_edge_of_the_tile_nor_unmapped_ground_is_an_outline():
    mask = np.ones((6, 8), bool)
    counted = np.ones((6, 8), bool)
    assert not outline(mask, counted).any()
    counted[:, 3] = False
    assert not outline(mask & counted, counted).any()


def test_a_shift_within_the_distance_costs_nothing_and_one_beyond_it_everything():
    truth = np.zeros((40, 40), bool)
    truth[10:20, 10:20] = True
    shifted = np.roll(truth, 2, axis=1)
    everywhere = np.ones(truth.shape, bool)
    for_f, for_iou = boundary_sums(shifted, truth, everywhere, [1.0, 2.0])
    within = BoundaryScores(for_f[1], for_iou[1])
    assert (within.precision, within.recall, within.f1) == (1, 1, 1)
    assert BoundaryScores(for_f[0], for_iou[0]).f1 < 1
    far, _ = boundary_sums(np.roll(truth, 15, axis=0), truth, everywhere, [2.0])
    assert BoundaryScores(far[0], for_iou[0]).f1 == 0


def test_equal_maps_agree_and_nothing_on_nothing_has_no_score(hard_case):
    _, truth, counted = masks_of(hard_case)
    for_f, for_iou = boundary_sums(truth, truth, counted, [1.0])
    found = BoundaryScores(for_f[0], for_iou[0])
    if outline(truth, counted).any():
        assert found.f1 == found.iou == 1
    else:
        assert math.isnan(found.f1)
        assert math.isnan(found.iou)
    alone, bands = boundary_sums(truth, np.zeros_like(truth), counted, [1.0])
    if outline(truth, counted).any():
        assert BoundaryScores(alone[0], bands[0]).f1 == 0


def test_what_stands_under_invalid_pixels_changes_nothing(hard_case):
    predicted, truth, counted = masks_of(hard_case)
    counted = counted & (np.indices(truth.shape).sum(0) % 7 > 0)
    clean = boundary_sums(predicted & counted, truth & counted, counted, [2.0])
    flipped = boundary_sums((predicted ^ ~counted) & counted, truth & counted, counted, [2.0])
    for one, other in zip(clean, flipped, strict=True):
        np.testing.assert_array_equal(one, other)
