from __future__ import annotations

import numpy as np
import pytest

from fusionls.errors import LayerUnknownError
from fusionls.layers import derivation
from fusionls.layers.catalog import CATALOG, layer_spec
from fusionls.layers.derivation import derive, halo_of, sources_for, step_of
from fusionls.layers.terrain import hillshade, slope_degrees


def ground(rows=150, cols=40):
    rng = np.random.default_rng(0)
    dem = rng.normal(0, 2, (rows, cols)).cumsum(axis=0).astype(np.float32)
    return dem, rng.random((rows, cols)) > 0.01


@pytest.mark.parametrize('strip_rows', [1, 2, 7, 64])
def test_strips_equal_the_whole_bit_for_bit(monkeypatch, strip_rows):
    dem, valid = ground()
    monkeypatch.setattr(derivation, 'strip_rows', lambda cols, reach: strip_rows)
    found = derive(
        {'terrain_elevation': (dem, valid)}, ['terrain_slope', 'terrain_hillshade'], 10.0
    )
    for name, whole in (
        ('terrain_slope', slope_degrees(dem, valid, 10.0)),
        ('terrain_hillshade', hillshade(dem, valid, 10.0)),
    ):
        assert np.array_equal(found[name][0], whole[0])
        assert np.array_equal(found[name][1], whole[1])


def test_canopy_height_is_surface_minus_ground_where_both_are_valid():
    surface, bare = np.full((2, 2), 12.0, np.float32), np.full((2, 2), 10.0, np.float32)
    above, below = np.array([[True, True], [False, True]]), np.array([[True, False], [True, True]])
    found, valid = derive(
        {'lidar_surface': (surface, above), 'lidar_ground': (bare, below)},
        ['lidar_canopy_height'],
        1.0,
    )['lidar_canopy_height']
    assert valid.tolist() == [[True, False], [False, True]]
    assert found.tolist() == [[2.0, 0.0], [0.0, 2.0]]


def test_a_qualifier_is_handed_on_to_what_is_needed():
    dem, valid = ground(9, 9)
    found = derive({'terrain_elevation_2021': (dem, valid)}, ['terrain_slope_2021'], 10.0)
    assert np.array_equal(found['terrain_slope_2021'][0], slope_degrees(dem, valid, 10.0)[0])


def test_what_cannot_be_derived_is_told_its_neighbours():
    with pytest.raises(LayerUnknownError, match="'terrain_slop' cannot be derived; did you mean"):
        step_of('terrain_slop')


def test_a_number_in_the_name_is_a_parameter_and_the_rest_a_qualifier():
    step = step_of('terrain_hillshade_az90_alt22p5_2021')
    assert step.wanted.name == 'terrain_hillshade'
    assert (step.wanted.parameters['az'], step.wanted.parameters['alt']) == (90, 22.5)
    assert step.needs == ('terrain_elevation_2021',)


def test_a_parameter_out_of_range_is_refused_with_its_meaning():
    with pytest.raises(LayerUnknownError, match=r'alt is 95, expected 1 to 90'):
        step_of('terrain_hillshade_alt95')


def test_every_layer_that_is_derived_or_needed_is_in_the_catalogue():
    for spec in CATALOG.values():
        for layer in spec.derivation.needs if spec.derivation else ():
            assert layer_spec(layer).quantity


def test_the_halo_is_the_largest_reach():
    ground = ['lidar_ground', 'lidar_surface']
    assert halo_of([], ground, 1.0) == 0
    assert halo_of(['lidar_canopy_height'], ground, 1.0) == 0
    assert halo_of(['lidar_canopy_height', 'lidar_slope'], ground, 1.0) == 1


def test_only_sources_are_asked_of_sources():
    assert sources_for(['lidar_slope', 'lidar_canopy_height'], []) == [
        'lidar_ground',
        'lidar_surface',
    ]
