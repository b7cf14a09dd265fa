from __future__ import annotations

import h5py
import numpy as np
import pytest

from fusionls.errors import ProductError
from fusionls.geo.window import Window
from fusionls.sources.insar.hdf5_grid import (
    attributes,
    dataset_shape,
    hdf5_plane,
    listed,
    opened_hdf5,
    series_plane,
)


def test_void_is_nan_zero_and_the_nodata_told(write_hdf5):
    stored = np.array([[1.0, 0.0, np.nan], [-9.0, np.inf, 4.0]])
    path = write_hdf5('a.h5', {'v': stored}, {})
    window = Window(0, 0, 2, 3)
    values, valid = hdf5_plane(path, 'v', 10.0, -9.0)(window)
    assert valid.tolist() == [[True, False, False], [False, False, True]]
    assert values.tolist() == [[10, 0, 0], [0, 0, 40]]
    assert values.dtype == np.float32
    assert hdf5_plane(path, 'v', zero_is_void=False)(window)[1].sum() == 4


def test_a_series_is_void_where_a_date_is_missing_or_all_are_zero(write_hdf5):
    stored = np.ones((3, 1, 5))
    stored[0] = 0  # the reference date, and no void
    stored[1, 0, 1] = np.nan
    stored[:, 0, 2] = 0
    stored[2, 0, 3] = -9
    path = write_hdf5('a.h5', {'v': stored}, {})
    values, valid = series_plane(path, 'v', 0.001, -9.0)(Window(0, 0, 1, 5))
    assert valid.tolist() == [[True, False, False, False, True]]
    assert np.isnan(values[:, ~valid]).all()
    assert values[:, 0, 0] == pytest.approx([0, 0.001, 0.001])
    assert series_plane(path, 'v', 1.0, zero_is_void=False)(Window(0, 0, 1, 5))[1][0, 2]


def test_a_plane_that_its_file_does_not_hold_whole_is_refused(tmp_path):
    path = tmp_path / 'a.h5'
    with h5py.File(path, 'w') as file:
        huge = file.create_dataset('v', shape=(40_000, 40_000), dtype='f8', chunks=(20_000, 20_000))
        assert huge.id.get_storage_size() == 0
        file.create_dataset('wide', shape=(900_000, 900_000), dtype='f4', chunks=(64, 64))
        file['text'] = np.full((2, 2), b'x')
        file['deep'] = np.zeros((2, 2, 2, 2))
    with pytest.raises(ProductError, match=r'chunks of 3200000000; the file is damaged'):
        dataset_shape(path, 'v')
    with pytest.raises(ProductError, match=r'wide is \(900000, 900000\), expected rows'):
        dataset_shape(path, 'wide')
    with pytest.raises(ProductError, match=r'text holds \|S1, expected numbers'):
        dataset_shape(path, 'text')
    with pytest.raises(ProductError, match=r'deep is \(2, 2, 2, 2\), expected rows and columns'):
        dataset_shape(path, 'deep')
    with pytest.raises(ProductError, match=r"has no data set 'u'; it holds deep \(2, 2, 2, 2\)"):
        dataset_shape(path, 'u')


def test_what_a_file_holds_is_listed_short(write_hdf5):
    data = {f'group/d{i:02d}': np.zeros(2) for i in range(15)}
    with opened_hdf5(write_hdf5('a.h5', data, {'UNIT': b' m ', 'LENGTH': 7})) as file:
        assert listed(file).endswith('group/d11 (2,) and 3 more')
        assert attributes(file) == {'UNIT': 'm', 'LENGTH': '7'}
    with opened_hdf5(write_hdf5('b.h5', {}, {})) as file:
        assert listed(file) == 'nothing'


def test_what_breaks_while_it_is_open_is_told_with_the_file(write_hdf5):
    with (
        pytest.raises(ProductError, match=r'a\.h5: cannot be read as HDF5'),
        opened_hdf5(write_hdf5('a.h5', {}, {})) as file,
    ):
        file['nothing here']
