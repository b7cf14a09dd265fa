"""A landslide is pasted whole, where the ground is alike, and nowhere else."""

import numpy as np
import pytest

from fusionls.datasets.tile_dataset import TileDataset
from fusionls.datasets.transforms import LoadTile, PasteLandslides
from fusionls.errors import LayerMissingError
from fusionls.layers.catalog import layer_spec
from fusionls.layers.derivation import derive
from fusionls.testing.scenes import ArrayModality, ArrayScene

LAYERS = {
    'optical': ('optical_red', 'optical_nir'),
    'terrain': ('terrain_elevation', 'terrain_hillshade'),
    'insar': ('insar_velocity_los',),
}
PIXEL, SIDE, TILE = 10.0, 64, 64
HERE = (slice(20, 32), slice(24, 40))
"""Of the landslide in the second tile."""


def scene(slope, aspect, slides, seed=0, holes=False):
    """A tile of evenly falling ground; a landslide is 100 m lower, bright, and moves."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] * PIXEL
    turn, fall = np.radians(aspect), np.tan(np.radians(slope))
    ground = 500 - fall * (np.sin(turn) * x - np.cos(turn) * y) + rng.normal(0, 0.05, x.shape)
    labels = np.zeros((SIDE, SIDE), np.uint8)
    if slides:
        labels[HERE] = 1
        ground[HERE] -= 20
    elevation = ground.astype(np.float32)
    everywhere = np.ones(elevation.shape, bool)
    light = derive({LAYERS['terrain'][0]: (elevation, everywhere)}, LAYERS['terrain'][1:], PIXEL)
    valid = rng.random((16, 16)) < 0.7 if holes else np.ones((16, 16), bool)
    moving = labels[::4, ::4] * np.float32(-0.1)
    parts = {
        'optical': (np.stack([rng.normal(50 + 100 * labels, 5) for _ in range(2)]), everywhere, 1),
        'terrain': (np.stack([elevation, light['terrain_hillshade'][0]]), everywhere, 1),
        'insar': ((moving + rng.normal(0, 1e-3, moving.shape))[None] * valid, valid, 4),
    }
    modalities = {
        m: ArrayModality(
            LAYERS[m],
            v.astype(np.float32),
            ok,
            f,
            {n: layer_spec(n).quantity for n in LAYERS[m]},
        )
        for m, (v, ok, f) in parts.items()
    }
    return ArrayScene(f'{slope}_{aspect}', modalities, labels, PIXEL)


class Pair(TileDataset):
    """A tile without a landslide, and one with."""

    def __init__(self, target, source, **options):
        self.pair = [target, source]
        super().__init__(layers=LAYERS, tile=TILE, **options)

    def open_scenes(self):
        return [(given, None) for given in self.pair]


TARGET, SOURCE = (20.0, 100.0), (20.0, 100.0)


def pasted(target=TARGET, source=SOURCE, seed=0, holes=False, gaps=False, **options):
    """The first tile, before and after."""
    options = {'probability': 1.0, **options}
    data = Pair(scene(*target, False, 1, gaps), scene(*source, True, 2, holes), seed=seed)
    pipeline = [dict(type=LoadTile)]
    data.pipeline.transforms = [LoadTile(), PasteLandslides(pipeline=pipeline, **options)]
    after = data[0]
    data.pipeline.transforms = [LoadTile()]
    return data[0], after


def test_values_holes_and_labels_travel_together():
    before, after = pasted(holes=True, gaps=True)
    new = after['labels'] == 1
    assert new.sum() == 12 * 16
    assert (before['labels'] == 0).all()
    rows, cols = np.nonzero(new)
    shift = rows.min() - HERE[0].start, cols.min() - HERE[1].start
    assert shift != (0, 0)
    assert all(s % 4 == 0 for s in shift)
    source = scene(*SOURCE, True, 2, True)
    for modality, factor in (('optical', 1), ('insar', 4)):
        values, valid = after['inputs'][modality]
        plain, plain_valid = before['inputs'][modality]
        under = new[::factor, ::factor]
        step = tuple(s // factor for s in shift)
        theirs = np.roll(source.modalities[modality].values, step, (1, 2))
        sound = np.roll(source.modalities[modality].valid, step, (0, 1))
        assert np.array_equal(values, np.where(under, theirs * plain_valid, plain))
        assert np.array_equal(valid, np.where(under, sound & plain_valid, plain_valid))
    assert after['inputs']['insar'][1].sum() < before['inputs']['insar'][1].sum()
    for one, other in zip(after['inputs']['terrain'], before['inputs']['terrain'], strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ('target', 'agrees'),
    [
        ((24.0, 100.0), True),
        ((26.5, 100.0), False),
        ((20.0, 125.0), True),
        ((20.0, 135.0), False),
        ((20.0, 280.0), False),
        ((1.0, 100.0), False),
    ],
)
def test_slope_and_aspect_must_agree(target, agrees):
    _, after = pasted(target)
    assert (after['labels'] == 1).any() == agrees


def test_flat_ground_falls_to_no_side():
    _, after = pasted((1.0, 280.0), (1.5, 100.0), most_slope=20.0)
    assert (after['labels'] == 1).any()


def test_aspects_on_both_sides_of_north_are_neighbours():
    _, after = pasted((20.0, 350.0), (20.0, 10.0))
    assert (after['labels'] == 1).any()


def test_a_pasted_form_lies_on_the_ground_and_is_lit_by_the_same_sun():
    before, after = pasted((23.0, 90.0), modalities=['optical', 'terrain', 'insar'])
    new = after['labels'] == 1
    elevation, light = after['inputs']['terrain'][0]
    plain = before['inputs']['terrain'][0][0]
    # 20 m lower than the plane around it there, so here; noise of 0.05 m on both
    np.testing.assert_allclose((elevation - plain)[new], -20, atol=0.6)
    assert np.array_equal(elevation[~new], plain[~new])
    truth, sound = derive(
        {'terrain_elevation': (elevation, elevation > -1e9)}, ['terrain_hillshade'], PIXEL
    )['terrain_hillshade']
    np.testing.assert_allclose(light[sound], truth[sound], atol=1e-5)


def test_nothing_is_pasted_on_landslides_or_beyond_what_was_mapped():
    for code in (1, 255):
        data = Pair(scene(*TARGET, False, 1), scene(*SOURCE, True, 2))
        data.pair[0].labels[:, :] = code
        data.pair[0].labels[10:20, 10:20] = 0  # too small for it
        transform = PasteLandslides(pipeline=[dict(type=LoadTile)], probability=1.0)
        data.pipeline.transforms = [LoadTile(), transform]
        assert np.array_equal(data[0]['labels'], data.pair[0].labels)


def test_a_landslide_that_nothing_would_show_is_not_pasted():
    _, after = pasted(modalities=['radar'])
    assert (after['labels'] == 0).all()


def test_a_landslide_that_a_modality_shows_less_than_half_of_is_not_pasted():
    def hiding(share):
        def hide(results):
            values, valid = results['inputs']['insar']
            rows = np.arange(len(valid)) < HERE[0].start // 4 + round(share * 3)
            valid = valid & ~rows[:, None]  # from above: so many of its three rows
            return {**results, 'inputs': {**results['inputs'], 'insar': (values * valid, valid)}}

        return hide

    def without_insar(results):
        return {**results, 'inputs': {m: g for m, g in results['inputs'].items() if m != 'insar'}}

    for change, agrees in ((hiding(1 / 3), True), (hiding(2 / 3), False), (without_insar, False)):
        data = Pair(scene(*TARGET, False, 1), scene(*SOURCE, True, 2))
        transform = PasteLandslides(pipeline=[dict(type=LoadTile), change], probability=1.0)
        data.pipeline.transforms = [LoadTile(), transform]
        assert (data[0]['labels'] == 1).any() == agrees


def test_single_landslides_gain_the_one_pasted():
    data = Pair(scene(*TARGET, False, 1), scene(*SOURCE, True, 2))

    def with_instances(results):
        none = {'instances': np.zeros((0, 64, 64), bool), 'instances_ignored': np.zeros(0, bool)}
        return {**results, **none}

    transform = PasteLandslides(pipeline=[dict(type=LoadTile)], probability=1.0)
    data.pipeline.transforms = [LoadTile(), with_instances, transform]
    after = data[0]
    assert np.array_equal(after['instances'], after['labels'][None] == 1)
    assert after['instances_ignored'].tolist() == [False]


def test_it_is_done_as_often_as_asked_and_draws_from_the_sample_alone():
    done = []
    for seed in range(60):
        before, after = pasted(seed=seed, probability=0.5)
        done.append((after['labels'] == 1).any())
        # later draws do not depend on what was found
        assert after['rng'].random() != before['rng'].random()
    assert 0.25 < np.mean(done) < 0.75
    assert np.array_equal(pasted(seed=3)[1]['labels'], pasted(seed=3)[1]['labels'])


def test_without_an_elevation_the_ground_cannot_be_compared():
    data = Pair(scene(*TARGET, False, 1), scene(*SOURCE, True, 2), modalities=['optical'])
    transform = PasteLandslides(pipeline=[dict(type=LoadTile)], probability=1.0)
    data.pipeline.transforms = [LoadTile(), transform]
    with pytest.raises(LayerMissingError, match='finds no elevation'):
        data[0]
