"""HDF5 files of tiles: read by name, and refused by name."""

import numpy as np
import pytest

from fusionls.datasets.hdf5_files import array_in, opened_file, shape_in
from fusionls.errors import FileMissingError, InputError
from fusionls.testing.layouts import write_hdf5


def test_what_was_written_is_read(tmp_path):
    array = np.arange(24).reshape(2, 3, 4)
    path = write_hdf5(tmp_path / 'a.h5', {'img': array})
    assert shape_in(path, 'img') == (2, 3, 4)
    np.testing.assert_array_equal(array_in(path, 'img'), array)


def test_faults_name_the_file(tmp_path):
    path = write_hdf5(tmp_path / 'a.h5', {'img': np.zeros(3), 'other': np.zeros(3)})
    with pytest.raises(InputError, match=r"a\.h5: has no data set 'mask'; it holds img, other"):
        array_in(path, 'mask')
    with pytest.raises(FileMissingError, match=r'b\.h5: no such file'):
        shape_in(tmp_path / 'b.h5', 'img')
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r'a\.h5: cannot be read as HDF5'):
        array_in(path, 'img')
    (tmp_path / 'c.h5').write_text('no hdf5')
    with pytest.raises(InputError, match=r'c\.h5: cannot be read as HDF5'):
        shape_in(tmp_path / 'c.h5', 'img')


def test_our_own_errors_pass_through(tmp_path):
    path = write_hdf5(tmp_path / 'a.h5', {'img': np.zeros(3)})
    ours = InputError('ours')
    with pytest.raises(InputError) as caught, opened_file(path):
        raise ours
    assert caught.value is ours
