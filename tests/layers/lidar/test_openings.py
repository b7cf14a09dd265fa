from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from fusionls.layers.lidar import openings
from fusionls.layers.lidar.openings import highest_within, lowest_around, lowest_within, opened

PAIRS = [
    (lowest_within, ndimage.grey_erosion),
    (highest_within, ndimage.grey_dilation),
    (opened, ndimage.grey_opening),
]


@pytest.mark.parametrize(('ours', 'theirs'), PAIRS)
@pytest.mark.parametrize('shape', [(1, 1), (1, 9), (40, 3), (57, 71)])
@pytest.mark.parametrize('strip', [1, 1 << 20])
def test_equals_scipy_bit_for_bit(monkeypatch, ours, theirs, shape, strip):
    monkeypatch.setattr(openings, '_STRIP_CELLS', strip)
    surface = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    for reach in (1, 2, 3, 7, 18):
        expected = theirs(surface, size=2 * reach + 1, mode='nearest')
        assert np.array_equal(ours(surface, reach), expected), reach


@pytest.mark.parametrize('shape', [(1, 1), (3, 20), (33, 41)])
@pytest.mark.parametrize(('inner', 'outer'), [(1, 3), (2, 5), (4, 7)])
def test_the_lowest_around_leaves_out_what_is_within(shape, inner, outer):
    surface = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    frame = np.ones((2 * outer + 1,) * 2, bool)
    frame[outer - inner : outer + inner + 1, outer - inner : outer + inner + 1] = False
    expected = ndimage.minimum_filter(surface, footprint=frame, mode='constant', cval=np.inf)
    assert np.array_equal(lowest_around(surface, inner, outer), expected)
