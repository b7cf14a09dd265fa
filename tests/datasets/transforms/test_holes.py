"""Holes: of the share asked for, of the shape named, and never over everything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from fusionls.datasets.transforms import DropBlocks, DropPixels, PackTile
from fusionls.datasets.transforms.holes import HOLES, HOLES_OF, highest
from fusionls.errors import InputError
from fusionls.geo.window import Window
from fusionls.testing import ArraySceneDataset

SHAPES = {'optical': (24, 24), 'insar': (6, 6), 'lidar': (24, 24)}


def sample(seed, names=SHAPES, holes=0.0):
    rng = np.random.default_rng(99)
    inputs = {}
    for name in names:
        shape = SHAPES[name]
        valid = rng.random(shape) >= holes
        inputs[name] = (rng.normal(5, 1, (2, *shape)).astype(np.float32) * valid, valid)
    return {'inputs': inputs, 'rng': np.random.default_rng(seed)}


def after(transform, seed, **options):
    return transform.transform(sample(seed, **options))['inputs']


transforms = st.sampled_from([DropBlocks, DropPixels])


@settings(deadline=None, max_examples=60)
@given(kind=transforms, seed=st.integers(0, 10**6), share=st.floats(0, 1))
def test_the_share_is_kept_to_the_pixel_and_one_modality_stays(kind, seed, share):
    found = after(kind(share=share), seed)
    hidden = {m: int((~valid).sum()) for m, (_, valid) in found.items()}
    expected = {m: round(share * np.prod(SHAPES[m])) for m in found}
    kept = [m for m in found if hidden[m] != expected[m]]
    if any(expected[m] < np.prod(SHAPES[m]) for m in found):
        assert not kept
    else:
        assert len(kept) == 1
        assert hidden[kept[0]] == 0


@settings(deadline=None, max_examples=40)
@given(
    kind=transforms,
    seed=st.integers(0, 10**6),
    shares=st.tuples(st.floats(0, 0.9), st.floats(0, 0.9)).map(sorted),
)
def test_a_larger_share_hides_what_a_smaller_one_hides(kind, seed, shares):
    fewer, more = (after(kind(share=share), seed) for share in shares)
    for modality in SHAPES:
        assert not (more[modality][1] & ~fewer[modality][1]).any()


@pytest.mark.parametrize('kind', [DropBlocks, DropPixels])
def test_holes_of_a_modality_do_not_depend_on_the_others_nor_on_their_order(kind):
    whole = after(kind(share=0.4), 3)
    for names in (['insar'], ['lidar', 'insar'], ['insar', 'lidar', 'optical']):
        part = after(kind(share=0.4), 3, names=names)
        assert np.array_equal(part['insar'][1], whole['insar'][1])
    assert not np.array_equal(whole['optical'][1], whole['lidar'][1])


@pytest.mark.parametrize('kind', [DropBlocks, DropPixels])
def test_values_in_holes_are_zero_and_those_beside_them_untouched(kind):
    given_ = sample(0, holes=0.2)['inputs']
    found = after(kind(share=0.5), 5, holes=0.2)
    for modality, (values, valid) in found.items():
        assert not (valid & ~given_[modality][1]).any()
        assert np.array_equal(values, given_[modality][0] * valid)
        assert values.dtype == np.float32


@pytest.mark.parametrize('kind', [DropBlocks, DropPixels])
def test_each_modality_gets_holes_as_often_as_asked(kind):
    transform = kind(probability={'optical': 0.5, 'insar': 0.2}, share=0.5)
    counts = dict.fromkeys(SHAPES, 0)
    for seed in range(600):
        for modality, (_, valid) in after(transform, seed).items():
            counts[modality] += not valid.all()
    for modality, expected in (('optical', 0.5), ('insar', 0.2), ('lidar', 0.0)):
        assert counts[modality] / 600 == pytest.approx(expected, abs=4 * (0.25 / 600) ** 0.5)


def test_shares_are_drawn_between_the_two_given():
    shares = [
        1 - after(DropPixels(share=(0.2, 0.6)), seed)['optical'][1].mean() for seed in range(200)
    ]
    assert 0.195 < min(shares) < 0.25
    assert 0.55 < max(shares) < 0.605


def test_only_valid_pixels_can_save_a_modality_from_being_lost():
    tile = sample(0, names=['insar', 'optical'])
    tile['inputs']['insar'] = (tile['inputs']['insar'][0], np.zeros((6, 6), bool))
    found = DropPixels(share=1.0).transform(tile)['inputs']
    assert found['optical'][1].all()


def field(name, seed, side=64):
    return HOLES[name](np.random.default_rng(seed), (side, side))


@pytest.mark.parametrize('seed', range(8))
def test_a_swath_edge_is_straight(seed):
    hidden = highest(field('swath_edge', seed), 0.4)
    rows, cols = np.nonzero(hidden)
    # a half plane: no pixel that is kept lies inside the hull of those hidden, along any row
    for row in np.unique(rows):
        span = cols[rows == row]
        assert span.max() - span.min() + 1 == len(span)
        assert span.min() == 0 or span.max() == 63
    edge = hidden ^ ndimage.binary_erosion(hidden, border_value=1)
    y, x = np.nonzero(edge)
    points = np.stack([x - x.mean(), y - y.mean()])
    # distance of the edge's pixels from the straight line through them
    assert np.linalg.svd(points)[1][1] / len(x) ** 0.5 < 0.6


def test_swath_edges_come_from_every_side():
    sides = set()
    for seed in range(60):
        hidden = highest(field('swath_edge', seed, 16), 0.3)
        sides |= {
            side
            for side, edge in zip(
                'nsew', (hidden[0], hidden[-1], hidden[:, -1], hidden[:, 0]), strict=True
            )
            if edge.all()
        }
    assert sides == set('nsew')


def interior(hidden):
    """Share of the hole that lies two pixels from its rim or more."""
    return ndimage.binary_erosion(hidden, iterations=2, border_value=1).sum() / hidden.sum()


def test_clouds_are_compact_and_patches_without_coherence_are_broken():
    inside = {
        name: np.mean([interior(highest(field(name, s), 0.4)) for s in range(20)])
        for name in ('cloud', 'low_coherence')
    }
    scattered = interior(np.random.default_rng(0).random((64, 64)) < 0.4)
    assert inside['cloud'] > 0.6
    assert 0.5 > inside['low_coherence'] > 0.2
    assert scattered < 0.01
    # neighbours still go together: chance alone gives 0.4
    hidden = np.stack([highest(field('low_coherence', s), 0.4) for s in range(20)])
    assert (hidden[:, :, 1:] & hidden[:, :, :-1]).sum() / hidden[:, :, 1:].sum() > 0.6


def test_a_cloud_frays_at_its_rim():
    hidden = np.stack([highest(field('cloud', s), 0.4) for s in range(10)])
    alone = sum(ndimage.label(h)[1] for h in hidden) / 10
    assert alone > 5  # a smooth blob alone is a few pieces


def test_holes_of_a_modality_are_of_its_own_shapes():
    assert set(HOLES_OF['insar']) == {'low_coherence', 'swath_edge'}
    only = DropBlocks(share=0.4, shapes={'optical': ['swath_edge']})
    for seed in range(10):
        hidden = ~after(only, seed)['optical'][1]
        assert ndimage.label(hidden)[1] == 1
        assert ndimage.label(~hidden)[1] == 1


@pytest.mark.parametrize('share', [-0.1, 1.2, (0.5, 0.2), (0.1, 0.2, 0.3)])
@pytest.mark.parametrize('kind', [DropBlocks, DropPixels])
def test_shares_that_are_none_are_refused(kind, share):
    with pytest.raises(InputError, match='expected a number from 0 to 1'):
        kind(share=share)


@pytest.mark.parametrize('names', [['clowd'], []])
def test_shapes_nobody_knows_are_refused(names):
    with pytest.raises(InputError, match='shapes of optical'):
        DropBlocks(shapes={'optical': names})


def test_a_test_pipeline_draws_the_same_holes_every_time():
    layers = {'optical': ['optical_red'], 'insar': ['insar_coherence']}
    data = ArraySceneDataset(
        layers=layers,
        factors={'insar': 4},
        tile=32,
        pipeline=[
            dict(type='fusionls.LoadTile'),
            dict(type='fusionls.DropBlocks', share=0.5),
            dict(type='fusionls.NoiseLayers', deviation={'optical_red': 1.0}),
            dict(type=PackTile),
        ],
    )
    one, again, other = data[0]['inputs'], data[0]['inputs'], data[1]['inputs']
    for modality in layers:
        assert all(map(np.array_equal, one[modality], again[modality]))
    assert not np.array_equal(one['optical'][1], other['optical'][1])
    assert data.get_data_info(0)['window'] == Window(0, 0, 32, 32)
