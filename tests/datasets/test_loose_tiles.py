"""A loose tile is a scene of its own: nothing beyond its edge, no place, labels by code."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.datasets.loose_tiles import (
    BLACK_AND_WHITE,
    Finding,
    LooseTile,
    TileModality,
    check_same_shape,
    cut,
    decoded_labels,
    masked,
)
from fusionls.errors import FileMissingError, InputError, LabelError
from fusionls.geo.window import Window


@dataclass(frozen=True, kw_only=True)
class Counted(LooseTile):
    """Pixel (r, c) holds 100 r + c; landslide on the diagonal."""

    def load(self, modalities):
        rows, cols = np.indices(self.shape, np.float32)
        return {m: ((100 * rows + cols)[None], np.ones(self.shape, bool)) for m in modalities}

    def load_labels(self):
        return np.eye(*self.shape, dtype=np.uint8)


TILE = Counted(
    name='a',
    shape=(5, 7),
    modalities={'optical': TileModality(('optical_red',)), 'terrain': TileModality(('x',))},
    present=frozenset({'optical'}),
    pixel=0.8,
)


@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 12), st.integers(1, 12))
def test_a_window_shows_the_tile_where_it_is_and_nothing_beyond(row, col, height, width):
    window = Window(row, col, height, width)
    values, valid = TILE.read(window)['optical']
    labels = TILE.read_labels(window)
    for r in range(height):
        for c in range(width):
            at = (row + r, col + c)
            inside = 0 <= at[0] < 5 and 0 <= at[1] < 7
            assert valid[r, c] == inside
            assert values[0, r, c] == (100 * at[0] + at[1] if inside else 0)
            assert labels[r, c] == (int(at[0] == at[1]) if inside else 255)


def test_a_modality_that_the_tile_lacks_is_not_shown():
    assert set(TILE.read(Window(0, 0, 2, 2))) == {'optical'}
    assert set(TILE.read(Window(0, 0, 2, 2), ['terrain'])) == set()


def test_a_tile_without_place_has_pixels_of_metres_and_no_crs_of_the_earth():
    grid = TILE.grid
    assert grid.pixel == 0.8
    assert grid.shape == (5, 7)
    assert not grid.crs.is_projected
    assert not grid.crs.is_geographic


def test_what_is_not_finite_is_invalid_in_all_layers_of_the_modality():
    values = np.array([[[1.0, np.nan]], [[np.inf, 2.0]]])
    kept, valid = masked(values, np.ones((1, 2), bool))
    assert not valid.any()
    assert (kept == 0).all()
    assert kept.dtype == np.float32
    kept, valid = masked(
        np.array([[[1, 2]], [[3, 4]]]), np.array([[[True, True]], [[True, False]]])
    )
    assert valid.tolist() == [[True, False]]
    assert kept.tolist() == [[[1, 0]], [[3, 0]]]


def test_labels_follow_the_codes():
    mask = np.array([[0, 255], [7, 0]])
    assert decoded_labels(mask, {**BLACK_AND_WHITE, 7: 255}, 'm').tolist() == [[0, 1], [255, 0]]


def test_a_mask_with_255_is_refused_until_somebody_says_what_it_means():
    mask = np.zeros((10, 10), np.uint8)
    mask[0, :3] = 255
    with pytest.raises(
        LabelError, match=r'mask\.png: 3\.0% of its pixels hold 255; expected 0 and'
    ) as e:
        decoded_labels(mask, {0: 0, 1: 1}, Path('mask.png'))
    assert 'codes={value: label}' in str(e.value)
    assert (decoded_labels(mask, {0: 0, 255: 255}, 'm')[0, :3] == 255).all()


def test_labels_outside_of_the_classes_are_listed():
    with pytest.raises(LabelError, match=r'hold 0\.5, 2, 3, 4, 5, 6, 7, 8, \.\.\.;'):
        decoded_labels(np.array([[0.5, *range(12)]]), {0: 0, 1: 1}, 'm')


def test_problems_are_noted_and_do_not_stop_the_search():
    finding = Finding()
    for text in ('one', 'two'):
        with finding.noting():
            raise FileMissingError(text)
    with pytest.raises(ZeroDivisionError), finding.noting():
        1 / 0  # noqa: B018 - a fault of the program is no problem of the files
    assert finding.problems == ['one', 'two']


def test_images_and_masks_that_stand_alone_are_both_named(tmp_path):
    for name in ('images/a.PNG', 'images/b.png', 'images/._b.png', 'masks/a.png', 'masks/c.png'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    finding = Finding()
    pairs = finding.paired(tmp_path / 'images', tmp_path / 'masks', ('.png',))
    assert [(i.name, m.name) for i, m in pairs] == [('a.PNG', 'a.png')]
    assert len(finding.problems) == 2
    assert 'b.png: no mask for this image' in finding.problems[0]
    assert 'c.png: no image for this mask' in finding.problems[1]


def test_two_files_of_one_name_are_told_apart_by_nobody(tmp_path):
    for name in ('images/a.png', 'images/a.PNG', 'masks/a.png'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    finding = Finding()
    finding.paired(tmp_path / 'images', tmp_path / 'masks', ('.png',))
    assert finding.problems == [f'{tmp_path}/images/a.png: goes by the same name as a.PNG']


def test_an_empty_folder_is_one_problem(tmp_path):
    for name in ('images', 'masks'):
        (tmp_path / name).mkdir()
    (tmp_path / 'masks/a.png').touch()
    finding = Finding()
    assert finding.paired(tmp_path / 'images', tmp_path / 'masks', ('.png',)) == []
    assert finding.problems == [f'{tmp_path / "images"}: holds no .png']


def test_sizes_that_differ_are_told_with_their_files():
    with pytest.raises(InputError, match='differ: a 3 x 4, b 3 x 5'):
        check_same_shape({Path('a'): (3, 4), Path('b'): (3, 5)})
    assert check_same_shape({Path('a'): (3, 4), Path('b'): (3, 4)}) == (3, 4)


def test_cutting_acts_on_the_last_two_axes():
    array = np.arange(24).reshape(2, 3, 4)
    assert cut(array, Window(1, 2, 2, 3), -1).tolist() == [
        [[6, 7, -1], [10, 11, -1]],
        [[18, 19, -1], [22, 23, -1]],
    ]
