from __future__ import annotations

import numpy as np
import pytest

from fusionls.errors import GridMismatchError
from fusionls.geo.raster import Raster
from fusionls.quantities import Quantity


def test_invalid_pixels_are_nan_when_filled_and_only_those(utm_grid):
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    valid = values != 4
    filled = Raster('terrain_elevation', values, valid, utm_grid(2, 3), Quantity('m')).filled
    assert np.isnan(filled[1, 1])
    assert np.array_equal(filled[valid], values[valid])


@pytest.mark.parametrize('part', ['values', 'valid'])
def test_arrays_that_do_not_fit_the_grid_are_refused_by_name(utm_grid, part):
    arrays = {'values': np.zeros((2, 3), np.float32), 'valid': np.ones((2, 3), bool)}
    arrays[part] = arrays[part][:, :2]
    with pytest.raises(
        GridMismatchError, match=rf'slope: {part} are \(2, 2\), the grid is \(2, 3\)'
    ):
        Raster('slope', **arrays, grid=utm_grid(2, 3), quantity=Quantity('degree'))
