import numpy as np
import pytest
from scipy.ndimage import label

from fusionls.simulation.landslides import (
    AREAS,
    BULKING,
    RELIEF_SHARE,
    SlideKind,
    draw_areas,
    ground_change,
    make_body,
    place_landslides,
    scaled_volume,
)
from fusionls.simulation.radar import downslope_visibility

PIXEL = 5.0


def body_of(kind, aspect=90.0, area=12_000.0, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        body = make_body(kind, area, (60, 60), aspect, (121, 121), PIXEL, rng)
        if body is not None:
            return body
    raise RuntimeError('no body in 20 draws')


def test_scaled_volume_is_guzzettis():
    assert scaled_volume(1.0) == pytest.approx(0.074)
    assert scaled_volume(10_000.0) == pytest.approx(0.074 * 10**5.8)


@pytest.mark.parametrize('kind', SlideKind)
def test_areas_keep_their_limits_and_fall_off_as_malamud_says(kind):
    low, high = AREAS[kind]
    areas = draw_areas(kind, 40_000, np.random.default_rng(0))
    assert areas.min() >= low
    assert areas.max() <= high

    def tail(area):
        """1 - CDF of the inverse gamma distribution, far above the roll-over: ~ A^-1.4."""
        return (area + 132.0) ** -1.40

    middle = np.sqrt(low * high)
    expected = (tail(middle) - tail(high)) / (tail(low) - tail(high))
    assert (areas > middle).mean() == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize('kind', SlideKind)
@pytest.mark.parametrize('seed', range(4))
def test_what_is_laid_down_is_what_was_taken_out_times_bulking(kind, seed):
    body = body_of(kind, seed=seed)
    change, volume = ground_change(kind, body, PIXEL, np.random.default_rng(seed))
    area = body.inside.sum() * PIXEL**2
    assert volume == pytest.approx(RELIEF_SHARE[kind] * 0.074 * area**1.450)
    assert change.sum() * PIXEL**2 == pytest.approx((BULKING - 1) * volume)
    assert not change[~body.inside].any()


@pytest.mark.parametrize('kind', SlideKind)
def test_upper_part_sinks_and_lower_part_rises(kind):
    body = body_of(kind)
    change, _ = ground_change(kind, body, PIXEL, np.random.default_rng(0))
    assert change[body.inside & (body.along < 0.3)].mean() < 0
    assert change[body.inside & (body.along > 0.6)].mean() > 0


@pytest.mark.parametrize(
    ('aspect', 'toward'), [(0.0, (-1, 0)), (90.0, (0, 1)), (180.0, (1, 0)), (270.0, (0, -1))]
)
def test_body_runs_from_crown_to_toe_along_the_aspect(aspect, toward):
    body = body_of(SlideKind.FRESH, aspect)
    row, col = np.nonzero(body.inside)
    toe = body.along[row, col] > 0.8
    crown = body.along[row, col] < 0.2
    moved = (row[toe].mean() - row[crown].mean(), col[toe].mean() - col[crown].mean())
    assert np.dot(moved, toward) > 0.95 * np.hypot(*moved)


def test_fresh_landslides_are_thin_and_old_ones_thick():
    def mean_depth(kind):
        body = body_of(kind)
        change, _ = ground_change(kind, body, PIXEL, np.random.default_rng(0))
        return np.abs(change[body.inside]).mean()

    assert mean_depth(SlideKind.FRESH) < 1.0
    assert mean_depth(SlideKind.OLD) > 2.0


def test_nothing_lies_on_flat_ground():
    flat = np.zeros((200, 200))
    everywhere = np.ones(flat.shape, dtype=bool)
    placed = place_landslides(
        flat, dict.fromkeys(SlideKind, everywhere), PIXEL, np.random.default_rng(0)
    )
    assert placed.landslides == []
    assert not placed.truth.any()
    assert np.array_equal(placed.ground, flat)


def test_a_tilted_plane_that_the_radar_cannot_see_carries_no_slow_landslide():
    """A slope of 25 degrees to the south has |C| = 0.21 in an ascending track."""
    assert abs(downslope_visibility(25.0, 180.0)) == pytest.approx(0.21, abs=0.01)
    south = -np.mgrid[0:300, 0:300][0] * PIXEL * np.tan(np.radians(25.0))
    everywhere = dict.fromkeys(SlideKind, np.ones(south.shape, dtype=bool))
    placed = place_landslides(south, everywhere, PIXEL, np.random.default_rng(0))
    kinds = {slide.kind for slide in placed.landslides}
    assert kinds == {SlideKind.FRESH, SlideKind.OLD}
    assert all(slide.aspect == pytest.approx(180.0, abs=0.5) for slide in placed.landslides)


def test_each_landslide_is_one_piece(valley):
    for slide in valley.landslides:
        inside = valley.truth == slide.id
        assert label(inside, np.ones((3, 3)))[1] == 1
        assert inside.sum() * 25.0 == slide.area_m2


def test_landslides_lie_on_hillsides(valley):
    assert all(15 <= slide.slope <= 40 for slide in valley.landslides)


def test_change_of_the_valley_conserves_every_volume(valley):
    change = valley.ground.astype(float) - valley.ground_before
    assert not change[valley.truth == 0].any()
    for slide in valley.landslides:
        net = change[valley.truth == slide.id].sum() * 25.0
        assert net == pytest.approx((BULKING - 1) * slide.volume_m3, abs=0.001 * slide.area_m2)


def test_slow_landslides_move_as_the_formula_says(valley):
    slow = [slide for slide in valley.landslides if slide.kind is SlideKind.SLOW]
    assert slow
    for slide in slow:
        c = downslope_visibility(slide.slope, slide.aspect)
        assert abs(c) >= 0.3
        assert 0.010 <= slide.speed <= 0.060
        assert slide.los_velocity == pytest.approx(slide.speed * c)
        motion = valley.los_motion[valley.truth == slide.id]
        assert np.all(np.sign(motion) == np.sign(c))
        assert np.abs(motion).max() == pytest.approx(abs(slide.los_velocity), rel=0.02)
    others = valley.mask_of(SlideKind.FRESH) | valley.mask_of(SlideKind.OLD)
    assert np.abs(valley.los_motion[others]).max() < 1e-3
