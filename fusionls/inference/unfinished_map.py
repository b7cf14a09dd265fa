"""The finished rows of a map, kept beside it until it is whole, so that a killed run goes on.

Flow: inference.scene_predictor -> [here] -> a hidden folder beside the map -> the next such run.
After every row of windows the rows that are closed go to the end of a plain file; then the sums
that are still open replace those of before. A run of the same job that finds them starts there;
all it does later is what the first would have done, so the map has the same bytes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusionls.errors import InputError
from fusionls.geo.raster import FloatArray

State = dict[str, NDArray[np.generic]]
_JOB, _ROWS = 'job', 'rows'  # besides what the caller keeps


class UnfinishedMap:
    """Rows of a map, top to bottom, and a state that belongs to them; see :func:`unfinished`.

    Attributes:
        rows: How many are kept.
        state: What was given with the last of them; empty at the beginning.
    """

    def __init__(self, folder: Path, job: str, cols: int) -> None:
        self.rows = 0
        self.state: State = {}
        self._job = job
        self._cols = cols
        self._rows_file = folder / 'rows.float32'
        self._state_file = folder / 'state.npz'
        self._load()
        with self._rows_file.open('ab') as file:
            file.truncate(self.rows * cols * 4)  # rows whose state was not written in time

    def _load(self) -> None:
        try:
            with np.load(self._state_file, allow_pickle=False) as kept:
                state = {name: kept[name] for name in kept.files}
            there = self._rows_file.stat().st_size
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            return  # none yet, or one of a machine that lost power
        rows = int(state.pop(_ROWS, 0))
        if str(state.pop(_JOB, '')) == self._job and there >= rows * self._cols * 4:
            self.rows, self.state = rows, state

    def add(self, rows: FloatArray, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Keep more rows (count, cols) float32, and the state after them."""
        with self._rows_file.open('ab') as file:
            file.write(np.ascontiguousarray(rows, np.float32).tobytes())
            file.flush()
            os.fsync(file.fileno())
        self.rows += len(rows)
        beside = self._state_file.with_name('state.part.npz')
        numbers = {_JOB: np.array(self._job), _ROWS: np.array(self.rows)}
        with beside.open('wb') as file:
            np.savez(file, **state, **numbers)  # type: ignore[arg-type]  # its stub has allow_pickle
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self._state_file)

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
            taken up, and nothing left.
        cols: Width of the map.

    Raises:
        InputError: Another process makes the same map.
    """
    owner = '' if job is not None else f'.{os.getpid()}'
    folder = out.with_name(f'.{out.name}{owner}.unfinished')
    folder.mkdir(parents=True, exist_ok=True)
    keep = False
    with (folder / 'lock').open('w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f'{out}: another process is making this map; wait for it, or name another file'
            ) from error
        try:
            found = UnfinishedMap(folder, job or '', cols)
            keep = True
            yield found
            keep = False
        finally:
            if not (keep and job is not None and found.rows):
                shutil.rmtree(folder)
