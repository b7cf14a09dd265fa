import numpy as np

from fusionls.simulation.cover import Cover, LookAlike
from fusionls.simulation.fields import slope_degrees


def test_every_look_alike_is_there_and_is_no_landslide(valley):
    for kind in LookAlike:
        assert valley.look_alike_mask(kind).any(), kind.name
    assert not ((valley.look_alikes > 0) & (valley.truth > 0)).any()


def test_bare_fields_lie_on_gentle_ground(valley):
    slope = slope_degrees(valley.ground_before.astype(float), 5.0, 4.0)
    fields = valley.look_alike_mask(LookAlike.BARE_FIELD)
    assert np.median(slope[fields]) < 9
    assert np.percentile(slope[fields], 95) < 15


def test_clearings_lie_on_hillsides_where_landslides_do(valley):
    slope = slope_degrees(valley.ground_before.astype(float), 5.0, 4.0)
    assert np.median(slope[valley.look_alike_mask(LookAlike.CLEARING)]) > 10


def test_subsidence_is_on_flat_ground_and_moves_away_from_the_radar(valley):
    sunk = valley.look_alike_mask(LookAlike.SUBSIDENCE)
    slope = slope_degrees(valley.ground_before.astype(float), 5.0, 4.0)
    assert np.percentile(slope[sunk], 90) < 9
    assert valley.los_motion[sunk].max() <= 0
    assert valley.los_motion[sunk].min() < -0.005


def test_old_landslides_and_terraces_stand_under_forest(valley):
    terraces = valley.look_alike_mask(LookAlike.TERRACE)
    assert (valley.cover[terraces] == Cover.FOREST).mean() > 0.9
    assert valley.canopy[terraces & (valley.cover == Cover.FOREST)].min() >= 8


def test_quarries_have_a_flat_floor_and_steep_walls(valley):
    slope = slope_degrees(valley.ground_before.astype(float), 5.0)
    quarry = valley.look_alike_mask(LookAlike.QUARRY)
    assert np.percentile(slope[quarry], 25) < 5
    assert slope[quarry].max() > 40


def test_trees_are_ten_to_twenty_five_metres_high(valley):
    forest = valley.canopy[valley.cover == Cover.FOREST]
    assert 8 <= forest.min() < forest.max() <= 25
    assert 12 < np.median(forest) < 22
