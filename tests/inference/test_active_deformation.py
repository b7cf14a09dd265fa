"""Boxes and moving ground: areas by hand, each verdict, and what InSAR does not see."""

import numpy as np
import pytest

from fusionls.errors import InputError
from fusionls.inference.active_deformation import ActivityRule, Verdict, join_deformation
from fusionls.inference.boxes import Detections

RULE = ActivityRule(
    least_speed=0.01, full_speed=0.04, least_valid=0.3, least_share=0.2, least_pixels=4, covered=0.5
)
FACTOR = 4
SHAPE = (16, 16)  # 64 x 64 base pixels


def moving(row, col, height, width, speed=-0.02):
    """A still scene in which a rectangle of InSAR pixels moves, m/yr."""
    velocity = np.zeros(SHAPE, np.float32)
    velocity[row : row + height, col : col + width] = speed
    return velocity


def join(boxes, velocity, valid=None, scores=None, rule=RULE, factor=FACTOR):
    boxes = np.array(boxes, np.float64).reshape(-1, 4)
    scores = np.full(len(boxes), 0.6) if scores is None else np.array(scores)
    valid = np.ones(SHAPE, bool) if valid is None else valid
    return join_deformation(Detections(boxes, scores), velocity, valid, factor=factor, rule=rule)


def test_share_and_strength_raise_the_score():
    # rows 4 to 8 of InSAR are 16 to 32 base pixels; the box has twice their area
    found = join([16, 16, 32, 48], moving(4, 4, 4, 4))
    assert found.verdicts.tolist() == [Verdict.ACTIVE]
    np.testing.assert_allclose(found.active_shares, 0.5)
    np.testing.assert_allclose(found.speeds, 0.02)
    # 1 - (1 - 0.6) (1 - 0.5 * 0.02 / 0.04)
    np.testing.assert_allclose(found.scores, 1 - 0.4 * 0.75)
    np.testing.assert_array_equal(found.detector_scores, [0.6])


def test_a_box_that_cuts_pixels_takes_their_share():
    # half a pixel of the moving ground and half of a still one, in each row
    found = join([30, 16, 34, 32], moving(4, 4, 4, 4))
    np.testing.assert_allclose(found.active_shares[found.verdicts == Verdict.ACTIVE], 0.5)


def test_a_box_within_a_single_pixel_is_judged_by_it():
    found = join([17, 17, 18, 18.5], moving(4, 4, 4, 4))
    active = found.verdicts == Verdict.ACTIVE
    np.testing.assert_allclose(found.active_shares[active], 1)
    np.testing.assert_allclose(found.valid_shares, 1)


def test_toward_and_away_from_the_satellite_count_alike():
    toward, away = (join([16, 16, 32, 48], moving(4, 4, 4, 4, v)) for v in (0.02, -0.02))
    np.testing.assert_array_equal(toward.scores, away.scores)


def test_still_ground_leaves_the_detector_its_score():
    found = join([16, 16, 32, 48], moving(0, 0, 4, 4, 0.009))
    assert found.verdicts.tolist() == [Verdict.QUIET]
    np.testing.assert_array_equal(found.scores, [0.6])
    assert np.isnan(found.speeds[0])


def test_where_insar_sees_nothing_the_detector_decides():
    blind = np.ones(SHAPE, bool)
    blind[4:8, 4:12] = False
    found = join([16, 16, 48, 32], moving(4, 4, 4, 8, -0.5), blind)
    assert found.verdicts.tolist() == [Verdict.UNSEEN]
    np.testing.assert_array_equal(found.scores, [0.6])
    np.testing.assert_array_equal(found.valid_shares, [0])
    assert np.isnan(found.active_shares[0])


def test_a_little_sight_gives_no_say_and_enough_does():
    velocity = moving(4, 4, 4, 4, 0.04)
    for seen, verdict in ((1, Verdict.UNSEEN), (2, Verdict.ACTIVE)):  # of four rows; 0.3 asked for
        valid = np.zeros(SHAPE, bool)
        valid[4 : 4 + seen] = True
        found = join([16, 16, 32, 32], velocity, valid, rule=RULE)
        own = ~np.isnan(found.detector_scores)
        assert found.verdicts[own].tolist() == [verdict]
        np.testing.assert_allclose(found.valid_shares[own], seen / 4)


@pytest.mark.parametrize('under', [np.nan, np.inf, -7.0])
def test_nothing_under_invalid_pixels_changes_anything(under):
    rng = np.random.default_rng(0)
    velocity = rng.normal(0, 0.02, SHAPE).astype(np.float32)
    valid = rng.random(SHAPE) > 0.4
    boxes = [[3, 5, 30, 41], [20, 0, 64, 64], [40.5, 7.25, 50, 20]]
    clean, dirty = (
        join(boxes, np.where(valid, velocity, np.float32(value)), valid) for value in (0.0, under)
    )
    for name, column in vars(clean).items():
        np.testing.assert_array_equal(column, vars(dirty)[name])


def test_an_active_area_without_a_box_is_reported():
    velocity = moving(4, 4, 4, 4)
    velocity[10:13, 2:7] = 0.03
    found = join([16, 16, 32, 32], velocity)
    assert sorted(found.verdicts) == [Verdict.ACTIVE, Verdict.UNDETECTED]
    new = found.verdicts == Verdict.UNDETECTED
    np.testing.assert_array_equal(found.boxes[new], [[8, 40, 28, 52]])
    np.testing.assert_allclose(found.scores[new], 0.03 / 0.04, rtol=1e-6)  # its strength
    assert np.isnan(found.detector_scores[new]).all()


def test_specks_are_not_reported():
    velocity = np.zeros(SHAPE, np.float32)
    velocity[2, 2:5] = 0.03  # three pixels; four asked for
    assert len(join([], velocity).boxes) == 0


def test_pixels_that_touch_at_a_corner_are_one_area():
    velocity = np.zeros(SHAPE, np.float32)
    velocity[[2, 3, 4, 5], [2, 3, 4, 5]] = 0.03
    np.testing.assert_array_equal(join([], velocity).boxes, [[8, 8, 24, 24]])


def test_an_area_in_a_quiet_box_is_not_lost():
    # the box is far larger than what moves in it, so it is quiet; the area is reported beside it
    found = join([0, 0, 64, 64], moving(4, 4, 4, 4))
    assert sorted(found.verdicts) == [Verdict.QUIET, Verdict.UNDETECTED]


@pytest.mark.parametrize(('right', 'verdicts'), [(24, ['active']), (23, ['active', 'undetected'])])
def test_an_area_counts_as_detected_from_half_of_it_on(right, verdicts):
    found = join([16, 16, right, 32], moving(4, 4, 4, 4))
    assert sorted(found.verdicts) == verdicts


def test_the_surest_come_first():
    boxes = [[16, 16, 32, 32], [40, 40, 60, 60], [0, 40, 20, 60]]
    found = join(boxes, moving(4, 4, 4, 4, 0.04), scores=[0.3, 0.9, 0.5])
    np.testing.assert_allclose(found.scores, [1.0, 0.9, 0.5])
    np.testing.assert_array_equal(found.detector_scores, [0.3, 0.9, 0.5])


def test_a_finer_grid_of_the_same_velocity_gives_the_same_judgement():
    velocity = np.random.default_rng(1).normal(0, 0.02, SHAPE).astype(np.float32)
    boxes = [[3, 5, 30, 41], [20, 0, 64, 64]]
    rule = ActivityRule(least_pixels=1, least_share=0.05)
    coarse = join(boxes, velocity, rule=rule)
    fine = join_deformation(
        Detections(np.array(boxes, np.float64), np.array([0.6, 0.6])),
        np.kron(velocity, np.ones((4, 4), np.float32)),
        np.ones((64, 64), bool),
        factor=1,
        rule=rule,
    )
    np.testing.assert_allclose(coarse.scores, fine.scores)
    np.testing.assert_allclose(coarse.boxes, fine.boxes)


def test_everything_wrong_with_a_rule_is_said_at_once():
    with pytest.raises(InputError) as caught:
        ActivityRule(least_speed=0.1, full_speed=0.05, least_valid=0.0, covered=2.0, least_pixels=0)
    for name in ('least_speed', 'least_valid = 0.0', 'covered = 2.0', 'least_pixels = 0'):
        assert name in str(caught.value)
