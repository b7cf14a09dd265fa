"""Open an HDF5 file so that whatever is broken in it is an error of ours.

Flow: file -> [here] -> sources.insar.hdf5_grid (products), datasets.hdf5_files (tiles).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from fusionls.errors import FileMissingError, FusionlsError


@contextmanager
def hdf5_or_refused(path: Path, refused: type[FusionlsError], cure: str) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading.

    Args:
        path: The file.
        refused: Error to raise where it is no HDF5, or is damaged; also while it is read.
        cure: End of that error's text.

    Raises:
        FileMissingError: There is no such file.
    """
    if not path.is_file():
        raise FileMissingError(f'{path}: no such file; check the path and its spelling')
    try:
        with h5py.File(path, 'r') as file:
            yield file
    except FusionlsError:
        raise
    except Exception as error:
        # h5py has no error of its own: what is broken inside comes out as any of Python's
        raise refused(f'{path}: cannot be read as HDF5 ({error}); {cure}') from error
