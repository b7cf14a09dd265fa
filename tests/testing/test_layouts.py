"""The written layouts are what they are said to be: bright where the mask is."""

import numpy as np
import pytest

from fusionls.testing.layouts import LAYOUTS, made_up_tile


def test_a_made_up_tile_is_bright_under_its_mask():
    values, mask = made_up_tile(3, (40, 60), 1)
    assert values.shape == (3, 40, 60)
    assert 0 < mask.mean() < 0.2
    assert values[:, mask == 1].min() > values[:, mask == 0].max()
    assert made_up_tile(1, (40, 60), 1, slide=False)[1].sum() == 0
    assert not np.array_equal(mask, mask.T[:40, :60]) or mask.shape[0] != mask.shape[1]


@pytest.mark.parametrize('name', sorted(LAYOUTS))
def test_a_layout_is_the_same_each_time(name, tmp_path):
    for folder in ('one', 'two'):
        LAYOUTS[name](tmp_path / folder)
    one, two = (
        sorted(p.relative_to(tmp_path / f) for p in (tmp_path / f).rglob('*') if p.is_file())
        for f in ('one', 'two')
    )
    assert one == two
    assert one
