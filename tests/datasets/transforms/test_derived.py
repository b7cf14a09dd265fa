"""Layers derived in the loader are those of the ground as it lies, margin or not."""

import numpy as np
import pytest

from fusionls.datasets.transforms import DeriveLayers, TurnTile, WarpTile
from fusionls.errors import InputError, LayerMissingError, LayerUnknownError
from fusionls.geo.window import Window
from fusionls.layers.derivation import derive
from fusionls.quantities import Kind

PIXEL = 5.0
NAMES = ('terrain_slope', 'terrain_aspect_sin', 'terrain_hillshade_az90', 'terrain_tpi_r20')


def results(layers=('terrain_elevation',), side=48, seed=0):
    rng = np.random.default_rng(seed)
    at = np.arange(side) * PIXEL
    ground = 50 * np.sin(at / 60)[:, None] + 0.5 * at[None, :] + rng.normal(0, 0.2, (side, side))
    values = np.stack([ground.astype(np.float32) if 'elev' in n else 0 * ground for n in layers])
    return {
        'inputs': {'terrain': (values.astype(np.float32), np.ones((side, side), bool))},
        'layers': {'terrain': tuple(layers), 'insar': ('insar_coherence',)},
        'kinds': {'terrain': (Kind.CONTINUOUS,) * len(layers), 'insar': (Kind.CONTINUOUS,)},
        'pixels': {'terrain': PIXEL, 'insar': PIXEL},
        'labels': np.indices((side, side)).sum(0).astype(np.uint8),
        'instances': np.indices((side, side)) > side // 2,
        'window': Window(100, 200, side, side),
        'rng': np.random.default_rng(seed),
    }


def test_inside_they_are_what_the_whole_scene_gives():
    given = results()
    elevation = given['inputs']['terrain'][0][0]
    out = DeriveLayers(layers={'terrain': NAMES, 'lidar': ['lidar_slope']}, margin=8).transform(
        results()
    )
    values, valid = out['inputs']['terrain']
    expected = derive({'terrain_elevation': (elevation, elevation > -1e9)}, NAMES, PIXEL)
    assert out['layers']['terrain'] == ('terrain_elevation', *NAMES)
    assert out['kinds']['terrain'] == (
        Kind.CONTINUOUS, Kind.CONTINUOUS, Kind.EAST, Kind.LIT, Kind.CONTINUOUS,
    )  # fmt: skip
    assert valid.shape == (32, 32)
    for name, plane in zip(NAMES, values[1:], strict=True):
        np.testing.assert_allclose(plane, expected[name][0][8:-8, 8:-8], atol=1e-6)
    assert np.array_equal(out['labels'], given['labels'][8:-8, 8:-8])
    assert np.array_equal(out['instances'], given['instances'][:, 8:-8, 8:-8])
    assert out['window'] == Window(108, 208, 32, 32)


def test_without_margin_the_rim_is_that_of_ground_that_goes_on_straight():
    given = results()
    rows, cols = np.indices((48, 48))
    plane = (2.0 * rows + 3.0 * cols)[None].astype(np.float32)
    given['inputs']['terrain'] = (plane, np.ones((48, 48), bool))
    out = DeriveLayers(layers={'terrain': ['terrain_slope']}).transform(given)
    slope = out['inputs']['terrain'][0][1]
    np.testing.assert_allclose(slope, np.degrees(np.arctan(13**0.5 / PIXEL)), rtol=1e-5)


def test_a_layer_that_is_there_is_replaced_and_the_given_arrays_are_left_alone():
    given = results(('terrain_slope', 'terrain_elevation'))
    kept = given['inputs']['terrain'][0]
    before, layers = kept.copy(), dict(given['layers'])
    out = DeriveLayers(layers={'terrain': ['terrain_slope', 'terrain_tri']}).transform({**given})
    assert out['layers']['terrain'] == ('terrain_slope', 'terrain_elevation', 'terrain_tri')
    assert out['inputs']['terrain'][0][0].min() > 1
    assert np.array_equal(kept, before)
    assert given['layers'] == layers


def test_behind_turns_and_warps_they_are_derived_with_the_pixel_as_it_then_is():
    warping = WarpTile(size=24, angle=(0, 360), scale=(1.25, 1.25))
    out = DeriveLayers(layers={'terrain': ['terrain_slope']}).transform(
        warping.transform(TurnTile().transform(results()))
    )
    elevation, slope = out['inputs']['terrain'][0]
    truth, sound = derive(
        {'terrain_elevation': (elevation, elevation > -1e9)}, ['terrain_slope'], 1.25 * PIXEL
    )['terrain_slope']
    np.testing.assert_allclose(slope[sound], truth[sound], atol=1e-5)


def test_what_cannot_be_derived_in_a_tile_is_refused():
    with pytest.raises(LayerUnknownError, match='did you mean terrain_slope'):
        DeriveLayers(layers={'terrain': ['terrian_slope']})
    with pytest.raises(LayerUnknownError, match='needs the whole scene'):
        DeriveLayers(layers={'terrain': ['terrain_twi']}).transform(results())
    with pytest.raises(LayerMissingError, match='derived from terrain_elevation'):
        DeriveLayers(layers={'terrain': ['terrain_slope']}).transform(results(('terrain_x',)))


@pytest.mark.parametrize('margin', [24, 30])
def test_a_margin_that_leaves_nothing_is_refused(margin):
    with pytest.raises(InputError, match='less than half of the tile'):
        DeriveLayers(layers={}, margin=margin).transform(results())
