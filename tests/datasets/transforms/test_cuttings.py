"""Landslides are cut out whole, and their heights meet the ground they are put on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from fusionls.datasets.transforms.cuttings import RING, cut_out, put_on


def labels():
    """Four landslides: two whole, one at the edge, one of few pixels."""
    out = np.zeros((48, 64), np.uint8)
    out[10:17, 12:20] = 1
    out[30:38, 41:47] = 1
    out[20:30, 0:5] = 1
    out[40:42, 20:22] = 1
    return out


@pytest.mark.parametrize('step', [1, 4])
def test_whole_landslides_are_cut_out_and_each_is_as_likely(step):
    given_, counts = labels(), {}
    for seed in range(200):
        cutting = cut_out(given_, step, 16, np.random.default_rng(seed))
        rows, cols = cutting.at(cutting.row, cutting.col, 1)
        assert (given_[rows, cols][cutting.mask] == 1).all()
        assert all(n % step == 0 for n in (cutting.row, cutting.col, *cutting.mask.shape))
        # a ring of ground around it, of the coarsest pixels
        assert not ndimage.binary_dilation(cutting.mask, iterations=RING * step)[0].all()
        inner = cutting.mask[RING * step : -RING * step, RING * step : -RING * step]
        assert inner.sum() == cutting.mask.sum()
        counts[cutting.mask.sum()] = counts.get(cutting.mask.sum(), 0) + 1
    assert set(counts) == {56, 48}
    assert min(counts.values()) > 70


def test_a_tile_without_a_whole_landslide_gives_none():
    edge = labels()
    edge[:, 5:] = 0
    assert cut_out(edge, 1, 1, np.random.default_rng(0)) is None


def test_what_borders_on_unmapped_ground_is_not_whole():
    fenced = labels()
    fenced[:, 20] = 255
    for seed in range(10):
        assert cut_out(fenced, 1, 16, np.random.default_rng(seed)).mask.sum() == 48


def test_coarse_pixels_belong_to_a_landslide_by_half():
    cutting = cut_out(labels(), 4, 50, np.random.default_rng(0))
    rows, cols = (n // 4 for n in cutting.mask.shape)
    share = cutting.mask.reshape(rows, 4, cols, 4).mean((1, 3))
    assert np.array_equal(cutting.of(4), share >= 0.5)
    assert 0 < cutting.of(4).sum() < rows * cols
    # columns 12 to 19 are whole pixels; of rows 10 to 16 the first pixel is half, the last quarter
    assert cutting.of(4).sum() == 2 * 2


coefficients = st.tuples(*[st.floats(-1, 1)] * 3)


@settings(deadline=None, max_examples=40)
@given(theirs=coefficients, ours=coefficients, seed=st.integers(0, 99))
def test_a_form_on_one_plane_comes_to_lie_on_another(theirs, ours, seed):
    y, x = np.mgrid[:24, :24]
    mask = np.hypot(y - 12, x - 12) < 7
    form = np.where(mask, np.random.default_rng(seed).normal(-3, 1, (24, 24)), 0)

    def plane(a, b, c):
        return 1000 * a + b * y + c * x

    source, target = plane(*theirs) + form, plane(*ours)
    found = put_on(
        source.astype(np.float32), target.astype(np.float32), np.ones((24, 24), bool), mask
    )
    np.testing.assert_allclose(found[mask], (target + form)[mask], atol=2e-3)


def test_no_step_is_left_at_the_rim():
    y, x = np.mgrid[:40, :40]
    mask = np.hypot(y - 20, x - 20) < 10
    source = (20 * np.sin(x / 9) + 0.5 * y).astype(np.float32)
    target = (300 + 8 * np.cos(y / 7) + 0.8 * y + 0.1 * x).astype(np.float32)
    pasted = np.where(mask, put_on(source, target, np.ones_like(mask), mask), target)
    rim = mask & ~ndimage.binary_erosion(mask)
    outside = ndimage.binary_dilation(mask) & ~mask
    steps = [
        abs(pasted[r, c] - pasted[r + dr, c + dc])
        for r, c in np.argwhere(rim)
        for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0))
        if outside[r + dr, c + dc]
    ]
    slopes = max(np.abs(np.gradient(s)).max() for s in (source, target))
    assert max(steps) < 2 * slopes  # no steeper than ground itself, across the rim
    assert np.abs(source + 300 - target)[rim].max() > 5 * slopes  # which a bare paste would be


def test_heights_over_nothing_but_voids_stay():
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    source = np.ones((9, 9), np.float32)
    assert np.array_equal(put_on(source, source + 5, np.zeros((9, 9), bool), mask), source)
