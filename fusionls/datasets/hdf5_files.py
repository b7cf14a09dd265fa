"""HDF5 files of tiles, read whole: thousands of small files, opened again for each sample.

``sources.insar.hdf5_grid`` opens products, which are few and large, and first tries each in a
process of its own; at thousands of files a minute that would cost more than the reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from fusionls.errors import InputError
from fusionls.sources.hdf5 import hdf5_or_refused


@contextmanager
def opened_file(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading.

    Raises:
        FileMissingError: There is no such file.
        InputError: It is no HDF5, or is damaged.
    """
    cure = 'the file is damaged or incomplete. Fetch it again.'
    with hdf5_or_refused(path, InputError, cure) as file:
        yield file


def variable(file: h5py.File, name: str) -> h5py.Dataset:
    """A data set of an open file.

    Raises:
        InputError: There is none of this name.
    """
    if name not in file:
        raise InputError(
            f'{file.filename}: has no data set {name!r}; it holds {", ".join(file) or "nothing"}'
        )
    return file[name]


def shape_in(path: Path, name: str) -> tuple[int, ...]:
    """Shape of a data set, from its header; raises what the two above raise."""
    with opened_file(path) as file:
        return tuple(variable(file, name).shape)


def array_in(path: Path, name: str) -> NDArray[Any]:
    """A data set, whole; raises what the two above raise."""
    with opened_file(path) as file:
        return np.asarray(variable(file, name)[()])
