"""Which tiles belong to a split, how they are cut, and what is refused before training."""

import json
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pytest

from fusionls.datasets.loose_tile_dataset import LooseTileDataset
from fusionls.datasets.loose_tiles import Finding, LooseTile, TileModality
from fusionls.datasets.transforms import LoadTile
from fusionls.errors import (
    DataSetError,
    DataSetWarning,
    InputError,
    LabelError,
    LayerMissingError,
    SplitError,
    SplitLeakageWarning,
)

LAYERS = {'optical': ['optical_red']}
MODALITIES = {
    'optical': TileModality(('optical_red',)),
    'terrain': TileModality(('terrain_slope',)),
}


@dataclass(frozen=True, kw_only=True)
class Plain(LooseTile):
    """Ones everywhere; the upper half is landslide."""

    broken: str = ''

    def load(self, modalities):
        return {
            m: (np.ones((1, *self.shape), np.float32), np.ones(self.shape, bool))
            for m in modalities
        }

    def load_labels(self):
        if self.broken:
            raise LabelError(self.broken)
        labels = np.zeros(self.shape, np.uint8)
        labels[: self.shape[0] // 2] = 1
        return labels


def tile(name, **told):
    return Plain(**{'name': name, 'shape': (8, 8), 'modalities': MODALITIES, **told})


TILES = [tile(f't{i}', group='north' if i < 6 else 'south') for i in range(10)]


class Plains(LooseTileDataset):
    """Tiles that a test made."""

    def __init__(self, tiles=TILES, problems=(), doubts=(), **options):
        self.given = Finding(list(tiles), list(problems), list(doubts))
        super().__init__(root='.', **{'layers': LAYERS, **options})

    def find_tiles(self, root):
        return self.given


def names(**options):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', SplitLeakageWarning)
        return [scene.name for scene, _ in Plains(**options).scenes]


def test_all_tiles_are_all_splits():
    assert names() == [t.name for t in TILES]


def test_folds_share_the_tiles_out_and_each_is_validation_once():
    seen = []
    for fold in range(3):
        train, val = (names(folds=3, fold=fold, split=split) for split in ('train', 'val'))
        assert sorted([*train, *val]) == [t.name for t in TILES]
        seen += val
    assert sorted(seen) == [t.name for t in TILES]


def test_folds_of_tiles_of_one_place_warn_and_those_of_places_do_not():
    with pytest.warns(SplitLeakageWarning, match='tiles are split at random'):
        assert Plains(folds=3, split='train').customary_random  # the leakage report says so
    apart = [replace(t, group=t.name) for t in TILES]
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert not Plains(tiles=apart, folds=3, split='train').customary_random


def test_whole_groups_are_held_out():
    assert names(held_out={'val': ['south']}, split='val') == ['t6', 't7', 't8', 't9']
    assert names(held_out={'val': ['south']}, split='train') == [f't{i}' for i in range(6)]


def test_published_test_tiles_stay_test_under_folds_and_groups():
    tiles = [*TILES, tile('x', split='test', group='elsewhere')]
    assert names(tiles=tiles, folds=3, split='test') == ['x']
    assert 'x' not in names(tiles=tiles, folds=3, split='train')
    assert names(tiles=tiles, held_out={'val': ['south']}, split='test') == ['x']


def test_the_published_split_is_the_default_and_its_absence_is_told():
    tiles = [tile('a', split='train'), tile('b', split='val')]
    assert names(tiles=tiles, split='val') == ['b']
    with pytest.raises(
        SplitError, match=r'no published split; give split_file, held_out \(groups: '
    ):
        Plains(split='train')


def test_a_split_file_names_the_tiles(tmp_path):
    path = tmp_path / 'split.json'
    path.write_text(json.dumps({'train': ['t3', 't1'], 'val': ['t9']}))
    assert names(split_file=path, split='train') == ['t1', 't3']
    path.write_text(json.dumps({'train': ['t3', 't11'], 'val': ['t9']}))
    with pytest.raises(SplitError, match=r"1 of 3 names that are not in the data set, 't11' first"):
        Plains(split_file=path, split='train')


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'folds': 2, 'split_file': 'x'}, 'not several'),
        ({'split': 'vall'}, 'did you mean val'),
        ({'held_out': {'train': ['north']}}, 'expected val and test'),
        ({'held_out': {'val': ['nroth']}, 'split': 'val'}, 'did you mean north'),
        ({'folds': 11, 'split': 'val'}, '11 folds of 10'),
        ({'held_out': {'val': ['south']}, 'split': 'test'}, "split 'test' holds no tile"),
    ],
)
def test_splits_that_make_no_sense_are_refused(options, said):
    with (
        warnings.catch_warnings(action='ignore', category=SplitLeakageWarning),
        pytest.raises(SplitError, match=said),
    ):
        Plains(**options)


def test_every_problem_of_the_files_the_masks_and_the_split_comes_at_once(tmp_path):
    tiles = [*TILES, tile('y', broken='y.png: holds 7'), tile('z', broken='z.png: holds 255')]
    with pytest.raises(DataSetError) as caught:
        Plains(tiles=tiles, problems=['b.png: no mask for this image'])
    text = str(caught.value)
    for said in ('3 problems', 'b.png: no mask', 'y.png: holds 7', 'z.png: holds 255'):
        assert said in text
    (tmp_path / 's.json').write_text('{')
    with pytest.raises(DataSetError) as caught:
        Plains(problems=['b.png: gone'], split_file=tmp_path / 's.json', split='train')
    assert 'b.png: gone' in str(caught.value)
    assert 's.json: cannot be read as a split file' in str(caught.value)


def test_masks_of_other_splits_are_not_read():
    tiles = [tile('a', split='train'), tile('b', split='val', broken='b.png: holds 7')]
    assert names(tiles=tiles, split='train') == ['a']


def test_sizes_only_are_checked_where_that_is_asked():
    tiles = [tile('a', broken='a.png: holds 7')]
    assert names(tiles=tiles, check='files') == ['a']
    with pytest.raises(InputError, match='did you mean masks'):
        Plains(check='mask')


def test_doubts_are_warnings():
    with pytest.warns(DataSetWarning, match='looks odd'):
        Plains(doubts=['looks odd'])


def test_tiles_without_labels_or_without_anything_to_show_are_left_out():
    tiles = [tile('a'), tile('b', labelled=False), tile('c', present=frozenset({'terrain'}))]
    assert names(tiles=tiles) == ['a']
    both = {'optical': ['optical_red'], 'terrain': ['terrain_slope']}
    assert names(tiles=tiles, layers=both) == ['a', 'c']


def test_layers_that_the_set_lacks_are_refused():
    with pytest.raises(LayerMissingError, match="no layer 'optical_ret'; did you mean optical_red"):
        Plains(layers={'optical': ['optical_ret']})


def test_tiles_are_taken_whole_at_their_own_sizes():
    data = Plains(tiles=[tile('a', shape=(5, 9)), tile('b', shape=(8, 4))], pipeline=[LoadTile()])
    assert [results['labels'].shape for results in (data[0], data[1])] == [(5, 9), (8, 4)]
    assert data.get_data_info(0)['landslide'] == 2 / 5


@pytest.mark.parametrize('shape', [(5, 9), (8, 8), (3, 20), (17, 16)])
@pytest.mark.parametrize('check', ['masks', 'files'])
def test_cut_tiles_count_each_pixel_once_and_slivers_are_left_out(shape, check):
    data = Plains(
        tiles=[tile('a', shape=shape)],
        tile=8,
        least_labelled=0.2,
        check=check,
        pipeline=[LoadTile()],
    )
    counted = np.zeros((32, 32), int)
    for results in data:
        window, labels = results['window'], results['labels']
        assert labels.shape == (8, 8)
        assert (labels != 255).mean() >= 0.2
        counted[window.row : window.row + 8, window.col : window.col + 8] += labels != 255
    assert counted.max() == 1
    assert counted[shape[0] :].sum() == counted[:, shape[1] :].sum() == 0
    rows, cols = (length // 8 * 8 for length in shape)
    assert (counted[:rows, :cols] == 1).all()


def test_landslide_shares_of_cut_tiles_are_those_of_their_labels():
    data = Plains(tiles=[tile('a', shape=(16, 16))], tile=8)
    assert [info['landslide'] for info in map(data.get_data_info, range(4))] == [1, 1, 0, 0]
