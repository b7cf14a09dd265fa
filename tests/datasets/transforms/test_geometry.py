"""A turned tile is the tile of the turned ground: each layer means what it meant."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.datasets.transforms import TurnTile
from fusionls.datasets.transforms.geometry import turned
from fusionls.errors import LayerMissingError
from fusionls.layers.catalog import CATALOG, layer_spec
from fusionls.layers.derivation import derive
from fusionls.layers.terrain import hillshade, horn_gradient
from fusionls.quantities import Kind

PIXEL = 5.0
LAYERS = ('terrain_elevation', 'terrain_aspect', 'slope_east', 'slope_north', 'terrain_hillshade')
KINDS = (Kind.CONTINUOUS, Kind.AZIMUTH, Kind.EAST, Kind.NORTH, Kind.LIT)
WAYS = [(quarters, mirror) for mirror in (False, True) for quarters in range(4)]
every_way = pytest.mark.parametrize(('quarters', 'mirror'), WAYS)


def ground(seed, side=12):
    """Hills without flat places, whose aspect would mean nothing."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:side, :side] * PIXEL
    plane = rng.uniform(0.3, 1.0) * cols + rng.uniform(-1.0, 1.0) * rows
    return (plane + rng.normal(0, 0.3, (side, side))).astype(np.float32)


def layers_of(elevation):
    """All layers that follow from an elevation, and where they are valid."""
    everywhere = np.ones(elevation.shape, bool)
    east, north, valid = horn_gradient(elevation, everywhere, PIXEL)
    aspect = np.rad2deg(np.arctan2(-east, -north)) % 360  # downhill, clockwise from north
    light, _ = hillshade(elevation, everywhere, PIXEL)
    return np.stack([elevation, aspect, east, north, light]), valid


def moved(array, quarters, mirror):
    """A bare move of pixels: mirror west and east, then turn anticlockwise."""
    return np.rot90(array[:, ::-1] if mirror else array, quarters)


@every_way
@given(seed=st.integers(0, 10**6))
def test_layers_of_the_turned_ground_are_the_turned_layers(quarters, mirror, seed):
    elevation = ground(seed)
    values, valid = layers_of(elevation)
    expected, expected_valid = layers_of(moved(elevation, quarters, mirror))
    found, found_valid = turned(values, valid, LAYERS, KINDS, quarters, mirror, PIXEL)
    assert np.array_equal(found_valid, expected_valid)
    apart = np.abs(found - expected)
    apart[1] = np.minimum(apart[1], 360 - apart[1])  # 359.99 and 0.01 degrees are neighbours
    inner = (slice(2, -2), slice(2, -2))  # light of the outermost valid ring needs the rim
    assert apart[0][found_valid].max() == 0
    assert apart[1][found_valid].max() < 1e-2
    assert apart[2:4, found_valid].max() < 1e-5
    assert apart[4][inner].max() < 1e-5


@given(first=st.sampled_from(WAYS), then=st.sampled_from(WAYS), seed=st.integers(0, 10**6))
def test_turns_combine_as_the_symmetries_of_the_square(first, then, seed):
    values, valid = layers_of(ground(seed))
    values, layers, kinds = values[:4], LAYERS[:4], KINDS[:4]
    once = turned(values, valid, layers, kinds, *first, PIXEL)
    twice = turned(*once, layers, kinds, *then, PIXEL)
    # mirroring reverses the sense of the turns done before it
    quarters = then[0] + (-first[0] if then[1] else first[0])
    direct = turned(values, valid, layers, kinds, quarters % 4, first[1] != then[1], PIXEL)
    assert np.array_equal(twice[1], direct[1])
    np.testing.assert_allclose(
        np.cos(np.deg2rad(twice[0][1])), np.cos(np.deg2rad(direct[0][1])), atol=1e-5
    )
    assert np.array_equal(np.delete(twice[0], 1, 0), np.delete(direct[0], 1, 0))


def test_the_eight_ways_all_differ():
    values, valid = layers_of(ground(1))
    results = [turned(values, valid, LAYERS, KINDS, *way, PIXEL)[0] for way in WAYS]
    for one, other in itertools.combinations(results, 2):
        assert not np.array_equal(one, other)


@every_way
def test_every_way_can_be_undone(quarters, mirror):
    values, valid = layers_of(ground(2))
    there = turned(values, valid, LAYERS, KINDS, quarters, mirror, PIXEL)
    back = turned(*there, LAYERS, KINDS, quarters if mirror else -quarters, mirror, PIXEL)
    assert np.array_equal(back[1], valid)
    np.testing.assert_allclose(back[0][:4] * valid, values[:4] * valid, atol=1e-4)
    inner = (slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(back[0][4][inner], values[4][inner], atol=1e-5)


def test_known_values_turn_as_a_compass_says():
    # one pixel: a slope that falls to the north-east, a vector to the east
    values = np.array([45.0, 1.0, 0.0], np.float32).reshape(3, 1, 1)
    kinds = (Kind.AZIMUTH, Kind.EAST, Kind.NORTH)
    valid = np.ones((1, 1), bool)

    def after(quarters, mirror):
        out, _ = turned(values, valid, ('a', 'v_east', 'v_north'), kinds, quarters, mirror, 1.0)
        return out.ravel().tolist()

    assert after(1, False) == [315.0, 0.0, 1.0]  # anticlockwise: east becomes north
    assert after(2, False) == [225.0, -1.0, 0.0]
    assert after(3, False) == [135.0, 0.0, -1.0]
    assert after(0, True) == [315.0, -1.0, 0.0]  # mirrored: west for east
    assert after(1, True) == [225.0, 0.0, -1.0]


@every_way
def test_invalid_pixels_stay_zero_and_hillshade_covers_all_valid_ones(quarters, mirror):
    values, valid = layers_of(ground(3))
    valid = valid & (np.random.default_rng(0).random(valid.shape) < 0.8)
    out, out_valid = turned(values * valid, valid, LAYERS, KINDS, quarters, mirror, PIXEL)
    assert np.array_equal(out_valid, moved(valid, quarters, mirror))
    assert (out[:, ~out_valid] == 0).all()
    assert (out[4][out_valid] > 0).all()


def test_the_given_arrays_are_left_alone():
    values, valid = layers_of(ground(4))
    before, before_valid = values.copy(), valid.copy()
    for way in WAYS:
        turned(values, valid, LAYERS, KINDS, *way, PIXEL)
    assert np.array_equal(values, before)
    assert np.array_equal(valid, before_valid)


def test_a_hillshade_without_its_elevation_cannot_be_turned():
    values, valid = layers_of(ground(5))
    with pytest.raises(LayerMissingError, match='lit again from the elevation'):
        turned(values[4:], valid, LAYERS[4:], KINDS[4:], 1, False, PIXEL)
    turned(values[4:], valid, LAYERS[4:], KINDS[4:], 0, False, PIXEL)  # nothing to light again


def test_a_component_without_its_partner_cannot_be_turned():
    values, valid = layers_of(ground(6))
    with pytest.raises(LayerMissingError, match='one component of a vector'):
        turned(values[2:3], valid, LAYERS[2:3], KINDS[2:3], 1, False, PIXEL)


def results(seed):
    values, valid = layers_of(ground(7))
    coarse = np.arange(9, dtype=np.float32).reshape(1, 3, 3)
    return {
        'inputs': {'terrain': (values, valid), 'insar': (coarse, np.ones((3, 3), bool))},
        'layers': {'terrain': LAYERS, 'insar': ('insar_coherence',)},
        'kinds': {'terrain': KINDS, 'insar': (Kind.CONTINUOUS,)},
        'pixels': {'terrain': PIXEL, 'insar': 4 * PIXEL},
        'labels': (np.arange(144).reshape(12, 12) % 2).astype(np.uint8),
        'instances': np.arange(288).reshape(2, 12, 12) % 3 == 0,
        'rng': np.random.default_rng(seed),
    }


def test_all_modalities_and_labels_turn_alike_and_each_way_is_as_likely():
    counts = dict.fromkeys(WAYS, 0)
    given_ = results(0)
    for seed in range(800):
        out = TurnTile().transform({**results(seed)})
        ways = [
            way
            for way in WAYS
            if np.array_equal(
                out['inputs']['insar'][0][0], moved(given_['inputs']['insar'][0][0], *way)
            )
        ]
        assert len(ways) == 1
        counts[ways[0]] += 1
        assert np.array_equal(out['labels'], moved(given_['labels'], *ways[0]))
        for mask, plain in zip(out['instances'], given_['instances'], strict=True):
            assert np.array_equal(mask, moved(plain, *ways[0]))
        assert np.array_equal(
            out['inputs']['terrain'][0][0],
            moved(given_['inputs']['terrain'][0][0], *ways[0]) * out['inputs']['terrain'][1],
        )
    # 800 throws of an eight-sided die: 100 each, deviation 9.4
    assert all(60 < count < 140 for count in counts.values())


def test_probability_zero_leaves_the_tile_alone():
    out = TurnTile(probability=0.0).transform(results(1))
    assert np.array_equal(out['labels'], results(1)['labels'])


OF_GROUND = [
    (modality, elevation, spec.name)
    for modality, elevation in (('terrain', 'terrain_elevation'), ('lidar', 'lidar_ground'))
    for spec in CATALOG.values()
    if spec.derivation is not None and spec.derivation.needs == (elevation,)
]
ROUNDING = 2e-6
"""Of sums of float32 in another order, as a share of the largest value."""


@pytest.mark.parametrize(('modality', 'elevation', 'name'), OF_GROUND)
def test_every_layer_of_the_catalogue_commutes_with_every_way(modality, elevation, name):
    side = 48
    heights = ground(8, side)
    everywhere = np.ones((side, side), bool)
    plane, valid = derive({elevation: (heights, everywhere)}, [name], PIXEL)[name]
    layers, values = [elevation, name], [heights, plane]
    kind = layer_spec(name).quantity.kind
    if kind in (Kind.EAST, Kind.NORTH):  # components turn in pairs
        other = name.replace('_sin', '_cos') if '_sin' in name else name.replace('_cos', '_sin')
        if 'normal' in name:
            pair = ('_east', '_north')
            other = name.replace(*(pair if '_east' in name else pair[::-1]))
        layers.append(other)
        values.append(derive({elevation: (heights, everywhere)}, [other], PIXEL)[other][0])
    kinds = [layer_spec(layer).quantity.kind for layer in layers]
    inner = np.zeros_like(everywhere)
    inner[1:-1, 1:-1] = True  # light of the outermost ring needs the rim
    for quarters, mirror in WAYS:
        out, _ = turned(np.stack(values), everywhere, layers, kinds, quarters, mirror, PIXEL)
        again = np.ascontiguousarray(moved(heights, quarters, mirror))
        expected, sound = derive({elevation: (again, everywhere)}, [name], PIXEL)[name]
        assert np.array_equal(sound, moved(valid, quarters, mirror))
        apart = np.abs(out[1] - expected)[sound & inner]
        assert apart.max() <= ROUNDING * np.abs(expected[sound]).max(), (quarters, mirror)


INSAR = ('insar_sensitivity', 'insar_velocity_downslope', 'insar_downslope_two_tracks')


@every_way
@pytest.mark.parametrize('name', INSAR)
def test_motion_down_the_slope_is_seen_alike_when_slope_and_satellite_turn(name, quarters, mirror):
    rng = np.random.default_rng(3)
    shape = (9, 9)
    needs = sorted({n for spec in INSAR for n in CATALOG[spec].derivation.needs})
    values = rng.uniform(-0.6, 0.6, (len(needs), *shape)).astype(np.float32)
    kinds = [layer_spec(n).quantity.kind for n in needs]
    everywhere = np.ones(shape, bool)
    out, _ = turned(values, everywhere, needs, kinds, quarters, mirror, PIXEL)

    def seen(layers):
        return derive({n: (v, everywhere) for n, v in zip(needs, layers, strict=True)}, [name], 1.0)

    (plane, valid), (expected, sound) = seen(out)[name], seen(values)[name]
    assert valid.any()
    assert np.array_equal(valid, moved(sound, quarters, mirror))
    np.testing.assert_allclose(plane, moved(expected, quarters, mirror), rtol=2e-4, atol=1e-5)
