"""The finished rows of a map, kept beside it until it is whole, so that a killed run goes on.

Flow: inference.scene_predictor -> [here] -> a hidden folder beside the map -> the next such run.
After every row of windows the rows that are closed go to the end of a plain file; then the sums
that are still open replace those of before. A run of the same job that finds them starts there;
all it does later is what the first would have done, so the map has the same bytes. The folder goes
when the map stands; of a run nobody goes on with it stays, and may be deleted.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from fusionls.errors import InputError
from fusionls.geo.raster import FloatArray

State = dict[str, NDArray[np.generic]]
_JOB, _ROWS = 'job', 'rows'  # beside what the caller keeps
_LOCK = 'lock'
_NO_LOCKS = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK}
"""What file systems say that know no locks; two runs of one map are then not told apart."""


class UnfinishedMap:
    """Rows of a map, top to bottom, and a state that belongs to them; see :func:`unfinished`.

    Args:
        folder: Theirs alone.
        job: Rows of another job are thrown away; None keeps no state.
        cols: Width of the map.

    Attributes:
        folder: For other files that are to go with it.
        rows: How many are kept.
    """

    def __init__(self, folder: Path, job: str | None, cols: int) -> None:
        self.folder = folder
        self.rows = 0
        self._job = job
        self._cols = cols
        self._rows_file = folder / 'rows.float32'
        self._state_file = folder / 'state.npz'
        self._found = self._load()
        if not self.rows:  # first: a state must never stand beside the rows of another job
            self._state_file.unlink(missing_ok=True)
        with self._rows_file.open('ab') as file:
            file.truncate(self.rows * cols * 4)  # rows whose state was not written in time

    def _load(self) -> State:
        try:
            with np.load(self._state_file, allow_pickle=False) as kept:
                state = {name: kept[name] for name in kept.files}
            there = self._rows_file.stat().st_size
        except (FileNotFoundError, ValueError, EOFError, zipfile.BadZipFile):
            return {}  # none yet, or those of a machine that lost power
        rows = int(state.pop(_ROWS, 0))
        if str(state.pop(_JOB, '')) != self._job or there < rows * self._cols * 4:
            return {}
        self.rows = rows
        return state

    def found(self) -> State:
        """The state that was kept with the last of the rows found; empty where there were none."""
        state, self._found = self._found, {}  # as large as the rows that are open: held once
        return state

    def add(self, rows: FloatArray, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Keep more rows (count, cols) float32, and the state after them."""
        count = self.rows + len(rows)
        with self._rows_file.open('ab') as file:
            file.write(np.ascontiguousarray(rows, np.float32).tobytes())
            if self._job is not None:
                _to_disk(file)
        if self._job is not None:
            beside = self._state_file.with_name('state.part')
            numbers = {_JOB: np.array(self._job), _ROWS: np.array(count)}
            with beside.open('wb') as file:
                np.savez(file, **state, **numbers)  # type: ignore[arg-type]  # stub: allow_pickle
                _to_disk(file)
            os.replace(beside, self._state_file)
        self.rows = count

    def strips(self, count: int) -> Iterator[tuple[int, FloatArray]]:
        """First row and values of strips of ``count`` rows, fewer in the last, from the top."""
        with self._rows_file.open('rb') as file:
            for row in range(0, self.rows, count):
                values = np.fromfile(file, np.float32, min(count, self.rows - row) * self._cols)
                yield row, values.reshape(-1, self._cols)


@contextmanager
def unfinished(out: Path, job: str | None, cols: int) -> Iterator[UnfinishedMap]:
    """The rows of a map that a run of the same job left, or none yet.

    They are thrown away when all went well, and where the run ended before its first rows.

    Args:
        out: The map that is being made.
        job: Says everything that decides a byte of it. None where nobody knows: nothing is then
            taken up, and nothing kept.
        cols: Width of the map.

    Raises:
        InputError: Another process makes the same map.
        OSError: The folder cannot be written.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    if job is None:
        with tempfile.TemporaryDirectory(
            dir=out.parent, prefix=f'.{out.name}.', suffix='.unfinished', ignore_cleanup_errors=True
        ) as passing:
            yield UnfinishedMap(Path(passing), None, cols)
        return
    with held(out.with_name(f'.{out.name}.unfinished'), out) as folder:
        made = UnfinishedMap(folder, job, cols)
        whole = False
        try:
            yield made
            whole = True
        finally:
            if whole or not made.rows:
                discard(folder)


@contextmanager
def held(folder: Path, out: Path) -> Iterator[Path]:
    """A folder that one process at a time works in, made where there is none.

    Args:
        folder: May be thrown away with :func:`discard` while it is held.
        out: What is made in it, for the message.

    Raises:
        InputError: Another process holds it.
        OSError: It cannot be made.
    """
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = (folder / _LOCK).open('w')
        except FileNotFoundError:
            continue  # thrown away in between
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    f'{out}: another process is making this file; wait for it, or name another'
                ) from error
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
            if _is_there(lock.fileno(), folder / _LOCK):
                yield folder
                return


def empty(folder: Path) -> None:
    """Throw away what a folder that is held has in it; it stays held."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _LOCK:
            path.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Throw away a folder that is held, its lock last; what cannot be deleted stays."""
    empty(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _is_there(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
