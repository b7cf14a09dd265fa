"""Leaks that were put in on purpose are found, and no others."""

import dataclasses
import json

import numpy as np
import pyproj
import pytest

from fusionls.datasets.leakage import MOST_NAMED, leakage, write_reports
from fusionls.datasets.splits import (
    TRAIN,
    VALIDATION,
    SplitMap,
    one_owner,
    random_blocks,
    random_tiles,
)
from fusionls.datasets.tile_dataset import TileDataset
from fusionls.datasets.transforms import LoadTile
from fusionls.errors import SplitLeakageError, SplitLeakageWarning
from fusionls.geo.grid import Grid
from fusionls.testing import made_up_scene

LAYERS = {'terrain': ['terrain_slope', 'terrain_elevation'], 'optical': ['optical_red']}
SIDE = 96


class Scenes(TileDataset):
    """Tiles of the scenes it is given."""

    def __init__(self, *scenes, split='all', tile=32, **options):
        self.given = scenes
        super().__init__(layers=LAYERS, split=split, tile=tile, **options)

    def open_scenes(self):
        return [scene if isinstance(scene, tuple) else (scene, None) for scene in self.given]


@dataclasses.dataclass(frozen=True)
class Placed:
    """A made-up scene that claims to lie somewhere."""

    scene: object
    grid: Grid
    name: str
    simulated: bool = False

    def __getattr__(self, name):
        if name == 'scene':
            raise AttributeError(name)
        return getattr(self.scene, name)


def placed(seed=0, east=0.0, north=0.0, crs=32617, pixel=10.0, name=None, side=SIDE):
    scene = made_up_scene(LAYERS, shape=(side, side), holes=0.0, seed=seed)
    west, top = 500_000.0 + east, 4_000_000.0 + north
    grid = Grid(pyproj.CRS(crs), west, top, pixel, pixel, side, side)
    return Placed(scene, grid, name or f'scene_{seed}')


def loose(seed=0, name=None):
    """A tile that nobody says the place of."""
    scene = made_up_scene(LAYERS, shape=(32, 32), holes=0.0, seed=seed)
    return dataclasses.replace(scene, name=name or f'tile_{seed}')


def test_scenes_far_apart_share_nothing_and_their_distance_is_told():
    report = leakage(Scenes(placed(0)), Scenes(placed(1, east=SIDE * 10 + 730.0)))
    assert report.problems == []
    assert report.distance == pytest.approx(730.0)
    assert report.compared == ['ground', 'contents']
    report.raise_if_leaking()


def test_two_overlapping_tiles_are_found_and_named_with_the_share_of_ground():
    # the second scene begins 24 pixels before the first one ends: a quarter of a row of its tiles
    report = leakage(Scenes(placed(0)), Scenes(placed(1, east=(SIDE - 24) * 10.0)))
    assert report.overlap_count == 3  # the last column of tiles against the first, row by row
    assert {share for *_, share in report.overlaps} == {24 / 32}
    assert report.overlaps[0][:2] == (
        'scene_0 at row 0, column 64', 'scene_1 at row 0, column 0'
    )  # fmt: skip
    with pytest.raises(SplitLeakageError) as caught:
        report.raise_if_leaking()
    assert 'see the same ground (75% of the latter)' in str(caught.value)
    assert '3 problems' in str(caught.value)
    assert '--allow-leakage' in str(caught.value)


def test_ground_is_compared_across_coordinate_systems():
    here = placed(0, east=100_000.0)
    to = pyproj.Transformer.from_crs(32617, 32616, always_xy=True)
    west, top = to.transform(here.grid.west, here.grid.north)
    there = placed(1, east=west - 500_000.0, north=top - 4_000_000.0, crs=32616)
    report = leakage(Scenes(here, tile=96), Scenes(there, tile=96), contents=False)
    ((_, _, share),) = report.overlaps
    assert 0.85 < share < 1  # the zones' norths differ by some degrees
    away = placed(1, east=west - 500_000.0 + 5000, north=top - 4_000_000.0, crs=32616)
    assert leakage(Scenes(here, tile=96), Scenes(away, tile=96), contents=False).problems == []


def test_blocks_with_a_buffer_do_not_leak_and_lie_a_buffer_apart():
    scene = placed(0, side=192)
    owners = random_blocks((192, 192), 16, 2, 0.3, 1, 0)
    # tiles see beyond their window, but only their own ground
    pipeline = [dict(type=LoadTile, context=16, jitter=16)]
    train = Scenes((scene, owners), split='train', pipeline=pipeline, least_labelled=0.01)
    val = Scenes((scene, owners), split='val', pipeline=pipeline, least_labelled=0.01)
    report = leakage(train, val)
    assert report.problems == []
    assert report.distance == pytest.approx(16 * 10.0)
    assert not report.touching


def test_ground_nearer_than_asked_is_a_leak_of_its_own():
    scene = placed(0, side=192)
    owners = random_blocks((192, 192), 16, 2, 0.3, 1, 0)
    train, val = (Scenes((scene, owners), split=s, least_labelled=0.01) for s in ('train', 'val'))
    assert leakage(train, val, least_distance=160.0, contents=False).problems == []
    report = leakage(train, val, least_distance=161.0, contents=False)
    assert report.near_count > 0
    assert report.overlap_count == 0
    assert 'lies 160 m from' in report.problems[0]
    assert 'expected 161 m at least' in report.problems[0]


def test_touching_is_too_near_where_a_distance_is_asked_for():
    west, east = Scenes(placed(0)), Scenes(placed(1, east=SIDE * 10.0))
    plain = leakage(west, east, contents=False)
    assert plain.problems == []
    assert plain.touching
    assert leakage(west, east, least_distance=1.0, contents=False).near_count == 3


def test_the_customary_split_touches_and_says_so():
    scene = placed(0, side=192)
    with pytest.warns(SplitLeakageWarning):
        owners = random_tiles((192, 192), 32, 0.3, 0)
    train, val = (Scenes((scene, owners), split=s) for s in ('train', 'val'))
    train.customary_random = True
    report = leakage(train, val)
    assert report.problems == []
    assert report.touching
    assert report.customary_random


def test_what_a_tile_is_moved_by_counts_as_seen():
    """Of two neighbouring halves of one scene, the ground of one moves into the other."""
    scene = placed(0)
    halves = SplitMap(32, np.array([[TRAIN, VALIDATION, VALIDATION]] * 3, np.uint8))
    whole = Scenes((scene, None), tile=32)
    for reach, leaks in ((0, False), (8, True)):
        pipeline = [dict(type=LoadTile, jitter=reach)]
        train = Scenes((scene, halves), split='train', pipeline=pipeline)
        other = Scenes((scene, halves), split='val', pipeline=pipeline)
        assert leakage(train, other, contents=False).overlap_count == 0  # each on its own ground
        unfenced = Scenes((scene, None), tile=32, pipeline=pipeline)
        unfenced.data_list = [d for d in whole.data_list if d['window'].col < 32]
        report = leakage(unfenced, other, contents=False)
        assert (report.overlap_count > 0) is leaks


@pytest.mark.parametrize('turn', ['as it is', 'mirrored', 'turned', 'both'])
def test_a_duplicated_loose_tile_is_found_however_it_is_turned(turn):
    tiles = [loose(seed) for seed in range(4)]
    twin = loose(2, 'copy_of_2')
    for part in twin.modalities.values():
        for array in (part.values, part.valid):
            new = array[..., ::-1] if turn in ('mirrored', 'both') else array
            new = np.rot90(new, 3, (-2, -1)) if turn in ('turned', 'both') else new
            array[...] = new.copy()
    report = leakage(Scenes(*tiles), Scenes(loose(8), twin, loose(9)))
    assert report.compared == ['contents']
    assert report.distance is None
    assert report.duplicates == [
        ('tile_2', 'copy_of_2', 'terrain'), ('tile_2', 'copy_of_2', 'optical')
    ]  # fmt: skip
    with pytest.raises(SplitLeakageError, match='tile_2 of train and copy_of_2 of val are the sa'):
        report.raise_if_leaking()


def test_a_duplicate_is_found_where_it_is_given_another_place():
    report = leakage(Scenes(placed(0)), Scenes(placed(0, east=1e5, name='moved')))
    assert report.overlap_count == 0
    assert report.duplicate_count == 9 * 2  # of nine tiles two modalities


def test_one_modality_that_is_equal_is_enough():
    twin = loose(2, 'copy')
    twin.modalities['optical'].values[:] += 1
    assert leakage(Scenes(loose(2)), Scenes(twin)).duplicates == [('tile_2', 'copy', 'terrain')]


def test_one_pixel_that_differs_is_no_duplicate():
    twin = loose(2, 'copy')
    for part in twin.modalities.values():
        part.values[:, 5, 7] += 0.5
    assert leakage(Scenes(loose(2)), Scenes(twin)).duplicates == []


def test_the_same_numbers_in_other_places_are_no_duplicate():
    twin = loose(2, 'copy')
    rng = np.random.default_rng(0)
    for part in twin.modalities.values():
        flat = part.values.reshape(len(part.values), -1)
        part.values[:] = flat[:, rng.permutation(flat.shape[1])].reshape(part.values.shape)
    assert leakage(Scenes(loose(2)), Scenes(twin)).duplicates == []


def test_flat_tiles_are_not_taken_for_copies_of_each_other():
    one, other = loose(0), loose(1)
    for tile in (one, other):
        for part in tile.modalities.values():
            part.values[:] = 0
            part.values[:, :4] = 7
    assert leakage(Scenes(one), Scenes(other)).problems == []


def test_contents_are_not_read_where_they_are_not_asked_for(monkeypatch):
    train, val = Scenes(loose(0)), Scenes(loose(0, 'copy'))
    monkeypatch.setattr(TileDataset, 'read_tile', None)
    report = leakage(train, val, contents=False)
    assert report.compared == []
    assert report.problems == []


def test_all_leaks_come_together_and_long_lists_are_counted():
    many = [placed(seed, east=seed * 5000.0, name=f'a_{seed}') for seed in range(4)]
    again = [placed(seed, east=seed * 5000.0, name=f'b_{seed}') for seed in range(4)]
    report = leakage(Scenes(*many), Scenes(*again))
    assert report.overlap_count == 4 * 9
    assert report.duplicate_count == 4 * 9 * 2
    assert len(report.overlaps) == len(report.duplicates) == MOST_NAMED
    text = '\n'.join(report.problems)
    assert f'... and {36 - MOST_NAMED} more pairs that share ground' in text
    assert f'... and {72 - MOST_NAMED} more equal pictures' in text


def test_the_hash_tells_splits_apart_and_nothing_else():
    def hashed(seed, **options):
        scene = placed(0, side=192)
        owners = random_blocks((192, 192), 16, 2, 0.3, 1, seed)
        train, val = (Scenes((scene, owners), split=s, **options) for s in ('train', 'val'))
        return leakage(train, val, contents=False).split_hash

    assert hashed(0) == hashed(0, pipeline=[dict(type=LoadTile, context=16)])
    assert len({hashed(seed) for seed in range(4)}) == 4
    assert hashed(0) != hashed(0, tile=64)


def test_a_report_reads_back_from_disk_and_says_whether_leaks_were_allowed(tmp_path):
    report = leakage(Scenes(placed(0)), Scenes(placed(1, east=900.0)), sides=('train', 'test'))
    write_reports(tmp_path / 'leakage.json', [report], allowed=True)
    content = json.loads((tmp_path / 'leakage.json').read_text())
    assert content['allowed'] is True
    (check,) = content['checks']
    assert check['sides'] == ['train', 'test']
    assert check['leaks'] == len(report.problems) > 0
    assert check['split_hash'] == report.split_hash
    assert check['overlap_count'] == report.overlap_count


def test_regions_on_one_ground_leak_and_those_apart_do_not():
    shape = (SIDE, SIDE)
    pairs = [(placed(0), one_owner(shape, 'train')), (placed(1, east=2e4), one_owner(shape, 'val'))]
    train, val = (Scenes(*pairs, split=s) for s in ('train', 'val'))
    assert leakage(train, val).problems == []
    again = [(placed(0), one_owner(shape, 'train')), (placed(1), one_owner(shape, 'val'))]
    train, val = (Scenes(*again, split=s) for s in ('train', 'val'))
    assert leakage(train, val).overlap_count == 9
