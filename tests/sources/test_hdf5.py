"""Whatever is wrong with an HDF5 file is the error that was asked for, with its cure."""

import h5py
import pytest

from fusionls.errors import DataSetError, FileMissingError, InputError, ProductError
from fusionls.sources.hdf5 import hdf5_or_refused


@pytest.mark.parametrize('refused', [InputError, ProductError])
def test_what_h5py_raises_becomes_the_error_asked_for(tmp_path, refused):
    path = tmp_path / 'a.h5'
    path.write_bytes(b'no HDF5')
    with (
        pytest.raises(refused, match=r'a\.h5: cannot be read as HDF5 .*; fetch it again'),
        hdf5_or_refused(path, refused, 'fetch it again'),
    ):
        pass


def test_errors_of_ours_pass_and_a_missing_file_is_named(tmp_path):
    with h5py.File(tmp_path / 'a.h5', 'w'):
        pass
    with (
        pytest.raises(DataSetError, match='mine'),
        hdf5_or_refused(tmp_path / 'a.h5', ProductError, 'cure'),
    ):
        raise DataSetError('mine')
    with (
        pytest.raises(FileMissingError, match=r'b\.h5: no such file'),
        hdf5_or_refused(tmp_path / 'b.h5', ProductError, 'cure'),
    ):
        pass
