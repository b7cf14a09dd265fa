"""Patches come out north up and east right, however their axes are stored."""

import itertools

import h5py
import numpy as np
import pytest

from fusionls.datasets.netcdf_patches import in_order, numbers, patch_grid
from fusionls.errors import InputError

AXES = {'time': 2, 'y': 3, 'x': 4}
PICTURES = np.arange(24, dtype=np.int16).reshape(2, 3, 4)  # (time, rows south, columns east)


@pytest.fixture
def patch(tmp_path):
    """Writes PICTURES with axes in any order, any of them reversed."""

    def write(order=('time', 'x', 'y'), reverse=(), attach=True, **attributes):
        path = tmp_path / 'patch.nc'
        coordinates = {
            'time': np.array([10, 20]),
            'y': np.array([75.0, 65.0, 55.0]),
            'x': np.array([105.0, 115.0, 125.0, 135.0]),
        }
        values = PICTURES.transpose([list(AXES).index(axis) for axis in order])
        for axis in reverse:
            coordinates[axis] = coordinates[axis][::-1]
            values = np.flip(values, order.index(axis))
        file = h5py.File(path, 'w')
        for axis, numbers_ in coordinates.items():
            file[axis] = numbers_
            file[axis].make_scale(axis)
        file['B'] = values
        for place, axis in enumerate(order):
            if attach:
                file['B'].dims[place].attach_scale(file[axis])
        file['B'].attrs.update(attributes)
        file.attrs['crs'] = 'EPSG:32632'
        return file

    return write


@pytest.mark.parametrize('order', itertools.permutations(AXES))
@pytest.mark.parametrize('reverse', [(), ('y',), ('x', 'time'), ('time', 'x', 'y')])
def test_any_order_of_axes_gives_the_same_pictures(patch, order, reverse):
    with patch(order, reverse) as file:
        np.testing.assert_array_equal(in_order(file, 'B'), PICTURES)
        assert patch_grid(file).bounds == (100, 50, 140, 80)


def test_packed_numbers_are_unpacked_and_fill_is_nan(patch):
    with patch(scale_factor=0.5, add_offset=3.0, _FillValue=np.int16(7)) as file:
        found = numbers(file, 'B')
    expected = np.where(PICTURES == 7, np.nan, 0.5 * PICTURES + 3)
    np.testing.assert_array_equal(found, expected)


def test_what_cannot_be_placed_is_refused(patch):
    with patch(attach=False) as file, pytest.raises(InputError, match='axis 0 of /B has no coord'):
        in_order(file, 'B')
    with patch() as file:
        file['x'][2] = 116.0
        with pytest.raises(InputError, match='not evenly spaced'):
            patch_grid(file)
    with patch() as file:
        file.attrs['crs'] = 'nowhere'
        with pytest.raises(InputError, match="crs is 'nowhere'"):
            patch_grid(file)
    with patch() as file:
        file['C'] = np.zeros((2, 3))
        for place, axis in enumerate(('time', 'y')):
            file['C'].dims[place].attach_scale(file[axis])
        with pytest.raises(InputError, match='C has the axes'):
            in_order(file, 'C')
