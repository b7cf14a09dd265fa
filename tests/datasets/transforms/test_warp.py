"""A warped tile is the tile of the ground on the warped grid: each layer means what it meant."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.datasets.transforms import WarpTile
from fusionls.datasets.transforms.derived import follows_the_grid
from fusionls.datasets.transforms.geometry import turned
from fusionls.datasets.transforms.warp import Warp, warped
from fusionls.errors import InputError, LayerMissingError
from fusionls.geo.window import Window
from fusionls.layers.catalog import CATALOG, layer_spec
from fusionls.layers.derivation import derive
from fusionls.quantities import Kind

PIXEL = 5.0
SIDE, SIZE, HALO = 168, 72, 24
TERRAIN = [
    spec.name
    for spec in CATALOG.values()
    if spec.derivation is not None and spec.derivation.needs == ('terrain_elevation',)
]
OF_A_TILE = [name for name in TERRAIN if not CATALOG[name].derivation.whole]
ON_SMOOTH_GROUND = {
    # largest error allowed, in the layer's unit, and what makes it
    'slope': 0.2,  # degrees; bilinear means of a curved field
    'slope_zt': 0.2,
    'aspect_sin': 0.01,
    'aspect_cos': 0.01,
    'normal_east': 0.002,
    'normal_north': 0.002,
    'hillshade': 5e-4,  # derived again: only the cubic elevation errs
    'hillshade_multi': 5e-4,
    'curvature_profile': 2e-4,
    'curvature_plan': 2e-4,
    'curvature_mean': 2e-4,
    'tpi': 0.5,  # metres; its disc has as many whole pixels as fit the radius
    'relief': 0.05,  # metres; derived again
    'tri': 0.01,
    'roughness': 0.02,
    'sky_view': 0.04,  # sixteen rays of whole cells, which turn with the grid
    'openness_positive': 1.0,
    'openness_negative': 1.0,
}


def height(east, north):
    """A slope with hills 300 m wide, metres; no place of it is flat."""
    hills = 12 * np.sin(east / 45) * np.cos(north / 55) + 6 * np.sin((east + 2 * north) / 80)
    return 800 + 0.9 * east - 0.4 * north + hills


def elevation_of(size, angle=0.0, scale=1.0):
    """(size, size) heights at the pixels of a grid turned anticlockwise about the origin."""
    at = (np.arange(size) + 0.5 - size / 2) * PIXEL * scale
    right, up = np.meshgrid(at, -at)
    turn = np.radians(angle)
    east = right * np.cos(turn) + up * np.sin(turn)
    north = -right * np.sin(turn) + up * np.cos(turn)
    return height(east, north).astype(np.float32)


def layers_of(elevation, names, pixel=PIXEL):
    everywhere = np.ones(elevation.shape, bool)
    found = derive({'terrain_elevation': (elevation, everywhere)}, names, pixel)
    layers = ('terrain_elevation', *names)
    values = np.stack([elevation, *(found[n][0] for n in names)])
    valid = np.logical_and.reduce([found[n][1] for n in names])
    return values * valid, valid, layers, [layer_spec(n).quantity.kind for n in layers]


def middle(angle=0.0, scale=1.0, size=SIZE, side=SIDE):
    return Warp(angle, scale, size, (side / 2, side / 2))


@pytest.mark.parametrize(('angle', 'scale'), [(37.0, 1.0), (201.0, 1.2), (305.0, 0.8)])
def test_layers_of_the_warped_ground_are_the_warped_layers(angle, scale):
    values, valid, layers, kinds = layers_of(elevation_of(SIDE), OF_A_TILE)
    out, moved = warped(values, valid, layers, kinds, middle(angle, scale), 1, PIXEL)
    truth = elevation_of(SIZE + 2 * HALO, angle, scale)
    expected, _, _, _ = layers_of(truth, OF_A_TILE, PIXEL * scale)
    assert moved.all()
    rim = 14  # kernels that are derived again reach 50 m
    inner = (slice(None), slice(rim, -rim), slice(rim, -rim))
    apart = np.abs(out - expected[:, HALO:-HALO, HALO:-HALO])[inner].max((1, 2))
    assert apart[0] < 0.002  # metres
    wrong = {
        name: float(error)
        for name, error in zip(OF_A_TILE, apart[1:], strict=True)
        if error > ON_SMOOTH_GROUND[name.removeprefix('terrain_')]
    }
    assert not wrong


def test_the_ways_of_the_square_are_warps():
    # what is derived again differs beside voids, which it fills
    names = [n for n in OF_A_TILE if not follows_the_grid(n, layer_spec(n).quantity.kind)]
    values, valid, layers, kinds = layers_of(elevation_of(SIDE), names)
    valid = valid & (np.random.default_rng(0).random(valid.shape) < 0.95)
    values = values * valid
    for quarters in range(4):
        warp = middle(90.0 * quarters, size=SIDE)
        out, moved = warped(values, valid, layers, kinds, warp, 1, PIXEL)
        expected, sound = turned(values, valid, layers, kinds, quarters, False, PIXEL)
        assert np.array_equal(moved, sound)
        np.testing.assert_allclose(out, expected, atol=2e-3, rtol=1e-5)


VECTORS = ('wind', 'v_east', 'v_north')
VECTOR_KINDS = (Kind.AZIMUTH, Kind.EAST, Kind.NORTH)


@settings(deadline=None, max_examples=40)
@given(angle=st.floats(-360, 360), azimuth=st.floats(0, 359.9), scale=st.floats(0.5, 1.5))
def test_a_compass_and_a_vector_turn_with_the_picture(angle, azimuth, scale):
    turn = np.radians(azimuth)
    plane = np.array([azimuth, np.sin(turn), np.cos(turn)], np.float32)
    values = np.broadcast_to(plane[:, None, None], (3, 24, 24)).copy()
    out, _ = warped(
        values, np.ones((24, 24), bool), VECTORS, VECTOR_KINDS,
        Warp(angle, scale, 8, (12, 12)), 1, 1.0,
    )  # fmt: skip
    expected = np.radians(azimuth - angle)
    np.testing.assert_allclose(out[1], np.sin(expected), atol=1e-5)
    np.testing.assert_allclose(out[2], np.cos(expected), atol=1e-5)
    assert (out[0] >= 0).all()
    assert (out[0] < 360).all()
    np.testing.assert_allclose(np.sin(np.radians(out[0])), np.sin(expected), atol=1e-4)
    np.testing.assert_allclose(np.cos(np.radians(out[0])), np.cos(expected), atol=1e-4)


def test_azimuths_around_north_do_not_meet_in_the_south():
    values = np.where(np.arange(24) % 2, 350.0, 10.0).astype(np.float32)
    out, moved = warped(
        np.broadcast_to(values, (1, 24, 24)).copy(), np.ones((24, 24), bool),
        ('wind',), (Kind.AZIMUTH,), Warp(0.0, 0.7, 8, (12.3, 12.3)), 1, 1.0,
    )  # fmt: skip
    assert moved.all()
    assert np.abs((out + 180) % 360 - 180).max() <= 10.001


@settings(deadline=None, max_examples=25)
@given(angle=st.floats(0, 360), scale=st.floats(0.6, 1.4), seed=st.integers(0, 99))
def test_garbage_under_invalid_pixels_reaches_nothing(angle, scale, seed):
    rng = np.random.default_rng(seed)
    values, _, layers, kinds = layers_of(
        elevation_of(64), ['terrain_slope', 'terrain_hillshade', 'terrain_tri']
    )
    valid = rng.random((64, 64)) < 0.8
    warp = middle(angle, scale, 30, 64)
    clean = warped(values * valid, valid, layers, kinds, warp, 1, PIXEL)
    dirty = warped(np.where(valid, values, np.float32(1e9)), valid, layers, kinds, warp, 1, PIXEL)
    assert np.array_equal(clean[1], dirty[1])
    assert np.array_equal(clean[0], dirty[0])
    assert (clean[0][:, ~clean[1]] == 0).all()
    # what is valid lies between the valid values around it, beside voids as anywhere
    slope = clean[0][1][clean[1]]
    assert values[1][valid].min() - 1e-3 <= slope.min()
    assert slope.max() <= values[1][valid].max() + 1e-3


def test_classes_stay_classes():
    rng = np.random.default_rng(0)
    codes = rng.choice(np.float32([3, 7, 42]), (1, 40, 40))
    valid = rng.random((40, 40)) < 0.7
    out, moved = warped(
        codes * valid, valid, ('land_cover',), (Kind.CATEGORICAL,), middle(33, 0.9, 24, 40), 1, 1.0
    )
    assert set(np.unique(out[0][moved])) == {3, 7, 42}
    assert (out[0][~moved] == 0).all()


def test_a_modality_of_coarse_pixels_shows_the_same_ground():
    fine = np.add.outer(np.arange(64.0), 3 * np.arange(64.0)).astype(np.float32)
    coarse = fine.reshape(16, 4, 16, 4).mean((1, 3))
    warp = middle(57.0, 1.1, 32, 64)
    kinds = (Kind.CONTINUOUS,)
    small, _ = warped(coarse[None], np.ones((16, 16), bool), ('x',), kinds, warp, 4, 4.0)
    large, _ = warped(fine[None], np.ones((64, 64), bool), ('x',), kinds, warp, 1, 1.0)
    # of a plane, the mean of a block is the value in its middle
    np.testing.assert_allclose(small[0], large[0].reshape(8, 4, 8, 4).mean((1, 3)), rtol=1e-4)


def test_what_cannot_be_warped_is_refused():
    values, valid, layers, kinds = layers_of(elevation_of(48), ['terrain_hillshade'])
    warp = middle(30.0, 1.0, 24, 48)
    with pytest.raises(LayerMissingError, match='only derived again from the elevation'):
        warped(values[1:], valid, layers[1:], kinds[1:], warp, 1, PIXEL)
    with pytest.raises(LayerMissingError, match='v_east: one component of a vector'):
        warped(values[:1], valid, ('v_east',), (Kind.EAST,), warp, 1, PIXEL)


def results(seed, side=64):
    values, valid, layers, kinds = layers_of(elevation_of(side), ['terrain_slope'])
    valid = np.ones_like(valid)
    at = np.arange(side // 4, dtype=np.float32)
    coarse = np.stack([np.add.outer(at, 0 * at), np.add.outer(0 * at, at)])
    return {
        'inputs': {
            'terrain': (values, valid),
            'insar': (coarse, np.ones((side // 4, side // 4), bool)),
        },
        'layers': {'terrain': layers, 'insar': ('down', 'right')},
        'kinds': {'terrain': kinds, 'insar': (Kind.CONTINUOUS,) * 2},
        'pixels': {'terrain': PIXEL, 'insar': 4 * PIXEL},
        'labels': np.indices((side, side)).sum(0).astype(np.uint8),
        'instances': np.indices((side, side)).sum(0) > np.array([50, 70])[:, None, None],
        'window': Window(100, 200, side, side),
        'rng': np.random.default_rng(seed),
    }


@pytest.mark.parametrize('seed', range(6))
def test_everything_in_a_tile_is_warped_alike(seed):
    out = WarpTile(size=32).transform(results(seed))
    down, right = out['inputs']['insar'][0]
    assert down.shape == (8, 8)
    scale = out['pixels']['insar'] / (4 * PIXEL)
    assert 0.8 <= scale <= 1.25
    assert out['pixels']['terrain'] == pytest.approx(PIXEL * scale)
    # labels count rows and columns: a plane that the coarse layers span
    expected = 4 * (down + right) + 3  # of the middles of coarse pixels, in base pixels
    found = out['labels'].reshape(8, 4, 8, 4).astype(float).mean((1, 3))
    assert np.abs(found - expected).max() < 1
    for mask, least in zip(out['instances'], (50, 70), strict=True):
        assert np.array_equal(mask, out['labels'] > least)
    assert all(valid.all() for _, valid in out['inputs'].values())
    assert out['window'] == Window(116, 216, 32, 32)


def test_a_tile_without_single_landslides_has_none_after_a_warp():
    tile = results(0)
    tile['instances'] = np.zeros((0, 64, 64), bool)
    assert WarpTile(size=32).transform(tile)['instances'].shape == (0, 32, 32)


def test_angles_and_scales_are_drawn_over_their_range_and_smaller_as_often_as_larger():
    angles, scales = [], []
    for seed in range(300):
        out = WarpTile(size=32).transform(results(seed))
        down, right = out['inputs']['insar'][0]
        # one step to the right goes by (sine, cosine) of the turn, times the scale
        step = (down[4, 5] - down[4, 4], right[4, 5] - right[4, 4])
        angles.append(np.degrees(np.arctan2(*step)) % 360)
        scales.append(np.log(np.hypot(*step)))
    assert np.histogram(angles, 4, (0, 360))[0].min() > 50
    assert np.mean(scales) == pytest.approx(0, abs=0.03)
    assert min(scales) < np.log(0.83)
    assert max(scales) > np.log(1.2)


def test_probability_zero_cuts_out_the_middle_untouched():
    out = WarpTile(size=32, probability=0.0).transform(results(0))
    whole = results(0)
    for modality, f in (('terrain', 1), ('insar', 4)):
        inner = slice(16 // f, 48 // f)
        for found, given_ in zip(out['inputs'][modality], whole['inputs'][modality], strict=True):
            assert np.array_equal(found, given_[..., inner, inner])
    assert np.array_equal(out['labels'], whole['labels'][16:48, 16:48])
    assert np.array_equal(out['instances'], whole['instances'][:, 16:48, 16:48])
    assert out['window'] == Window(116, 216, 32, 32)
    assert out['pixels'] == whole['pixels']


@settings(deadline=None, max_examples=60)
@given(low=st.floats(-180, 180), span=st.floats(0, 360), share=st.floats(0, 1))
def test_no_angle_looks_further_than_the_need_stated(low, span, share):
    warping = WarpTile(size=32, angle=(low, low + span))
    reach = Warp(low + share * span, 1.25, 32, (0, 0)).reach
    assert 2 * reach <= warping.need + 1e-6


def test_a_tile_read_too_small_is_refused_with_the_context_it_needs():
    with pytest.raises(InputError, match=r'look at 57 pixels, the tile read has 48; .* by 8'):
        WarpTile(size=32).transform(results(0, 48))
    with pytest.raises(InputError, match='use a multiple of 4'):
        WarpTile(size=30).transform(results(0))
    with pytest.raises(InputError, match='pixels would be skipped'):
        WarpTile(size=32, scale=(0.5, 2.0))
