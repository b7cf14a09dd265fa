"""Shifts that were put in are found; of what shows nothing in common, nothing is told."""

from __future__ import annotations

import numpy as np
import pytest

from fusionls.stack.phase_correlation import (
    correlation,
    edges,
    peak,
    shift_of,
    tile_windows,
)


def tiles(reference: np.ndarray, moving: np.ndarray, valid: np.ndarray | None = None):
    valid = np.ones(reference.shape, bool) if valid is None else valid
    for window in tile_windows(*reference.shape):
        part = valid[window.slices]
        yield reference[window.slices][None], part, moving[window.slices][None], part


SHIFTS = [(1.3, 0.0), (0.0, -1.3), (0.4, 0.7), (-5.6, 3.2), (9.5, -8.5)]


@pytest.mark.parametrize('shift', SHIFTS)
def test_a_shift_of_an_image_is_found_within_a_tenth_of_a_pixel(shift, scenery, moved):
    image = scenery(0)
    inner = (slice(40, 200), slice(30, 190))
    surface = correlation(image[inner], moved(image, *shift)[inner], np.ones((160, 160), bool))
    rows, cols, height, contrast = peak(surface)
    assert (rows, cols) == pytest.approx((-shift[0], -shift[1]), abs=0.1)
    assert height > 20
    assert contrast > 3


@pytest.mark.parametrize('shift', SHIFTS)
def test_inverted_contrast_noise_and_holes_do_not_hide_it(shift, scenery, moved):
    rng = np.random.default_rng(1)
    image = scenery(2)
    other = -0.5 * moved(image, *shift) + rng.normal(0, 0.05 * image.std(), image.shape)
    valid = np.kron(rng.random((40, 40)) > 0.2, np.ones((8, 8))) > 0
    found = shift_of(tiles(image, other, valid))
    assert (found.rows, found.cols) == pytest.approx((-shift[0], -shift[1]), abs=0.1)
    assert found.decided


def test_a_peak_that_leans_is_found_between_pixels():
    rows, cols = np.mgrid[-16:17, -16:17].astype(float)
    down, along = rows - 2.3, cols + 4.4
    # a ridge three times as long as wide, across the axes, as edges in one direction make it
    leaning = np.exp(-((down + along) ** 2) / 8 - ((down - along) ** 2) / 72)
    assert peak(leaning)[:2] == pytest.approx((2.3, -4.4), abs=0.01)


def test_a_peak_on_the_rim_is_none():
    surface = np.random.default_rng(0).normal(size=(33, 33))
    surface[0, 5] = 100
    assert peak(surface) == (0, 0, 0, 0)


def test_what_stands_under_invalid_pixels_changes_nothing(scenery, moved):
    image = scenery(3, 128)
    valid = np.random.default_rng(0).random(image.shape) > 0.02
    expected = shift_of(tiles(image, moved(image, 1, 2), valid))
    spoilt = np.where(valid, image, np.nan), np.where(valid, moved(image, 1, 2), 1e30)
    assert shift_of(tiles(*spoilt, valid)) == expected
    assert expected.tiles > 0


@pytest.mark.parametrize('seed', range(6))
def test_of_unrelated_images_nothing_is_told(seed, scenery):
    assert not shift_of(tiles(scenery(10 + seed), scenery(50 + seed)[:, ::-1])).decided


@pytest.mark.parametrize('seed', range(4))
def test_holes_that_both_share_are_no_edges(seed, scenery):
    valid = np.kron(np.random.default_rng(seed).random((40, 40)) > 0.2, np.ones((8, 8))) > 0
    found = shift_of(tiles(scenery(20 + seed), scenery(60 + seed)[::-1], valid))
    assert found.tiles > 0
    assert not found.decided


@pytest.mark.parametrize('times', [2, 3, 4])
def test_pixels_that_were_repeated_are_no_common_edges(times, scenery):
    size = 320 // times
    coarse = scenery(30, size), scenery(70, size)[:, ::-1]
    fine = (np.kron(image, np.ones((times, times))) for image in coarse)
    assert not shift_of(tiles(*fine)).decided


def test_one_tile_decides_nothing(scenery):
    image = scenery(4, 60)
    found = shift_of(tiles(image, image))
    assert found.tiles == 1
    assert not found.decided


def test_flat_and_invalid_images_are_undecided():
    flat = np.ones((128, 128))
    assert not shift_of(tiles(flat, flat)).decided
    assert shift_of(tiles(flat, flat, np.zeros(flat.shape, bool))).tiles == 0


def test_edges_of_bands_count_alike_whatever_their_unit(scenery):
    image = scenery(5, 128)
    one = edges(np.stack([image, image]), np.ones(image.shape, bool))[0]
    other = edges(np.stack([image, 1e4 * image + 7]), np.ones(image.shape, bool))[0]
    assert other == pytest.approx(one, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(('rows', 'cols', 'unit'), [(400, 700, 1), (64, 30, 2), (96, 640, 8)])
def test_tiles_cover_the_scene_once_in_units(rows, cols, unit):
    seen = np.zeros((rows, cols), int)
    windows = list(tile_windows(rows, cols, unit))
    assert len(set(windows)) == len(windows)
    for window in windows:
        assert not any(n % unit for n in (window.row, window.col, window.height, window.width))
        seen[window.slices] += 1
    assert seen.min() >= 1


def test_tiles_of_a_large_scene_are_few_and_spread():
    windows = list(tile_windows(20_000, 20_000))
    assert len(windows) == 640
    first = np.array([(w.row, w.col) for w in windows[:64]])
    assert (first.min(0) < 4000).all()
    assert (first.max(0) > 16_000).all()
