"""Try an HDF5 file in a process of its own: a damaged one can end the process that reads it.

Flow: path -> [here] -> sources.insar.hdf5_grid, which refuses what did not survive.
The HDF5 library trusts what it reads: of 1,500 small files with a few random bytes three ended in
a segmentation fault (benchmarks/insar.md), which no ``except`` catches. So a file is walked once
by a child first. The child lives on and serves the next file; it is this module run
as a script, and needs h5py alone.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import h5py

SECONDS = 120.0
"""Time a trial may take; what takes longer does not end."""
_BYTES = 1 << 26
"""Values read per file; of larger ones the rest of the chunk index is walked, not the values."""
_READY = 'ready'
_CHILD: dict[int, subprocess.Popen[str]] = {}
"""The child by the process that started it: a fork must not talk to its parent's."""
_LOCK = threading.Lock()


def harm_of(path: Path, seconds: float = SECONDS) -> str | None:
    """What reading a file does to the process that reads it; None where it survives.

    A file is tried once as long as it does not change. Where no child can be started, nothing is
    known and None is the answer.
    """
    told = path.stat()
    return _harm(str(path.resolve()), told.st_size, told.st_mtime_ns, seconds)


@functools.lru_cache(maxsize=1024)
def _harm(path: str, size: int, changed: int, seconds: float) -> str | None:
    with _LOCK:
        child = _started()
        if child is None or child.stdin is None or child.stdout is None:
            return None
        clock = threading.Timer(seconds, child.kill)
        clock.start()
        try:
            child.stdin.write(json.dumps(path) + '\n')
            child.stdin.flush()
            survived = child.stdout.readline().strip() == _READY
        except OSError:
            survived = False
        finally:
            in_time = clock.is_alive()
            clock.cancel()
        if survived:
            return None
        _stop()
        if not in_time:
            return f'reading it did not end within {seconds:g} s'
        return f'reading it ends the process that reads (exit code {child.returncode})'


def _started() -> subprocess.Popen[str] | None:
    """The child of this process, started where there is none; None where none can be."""
    child = _CHILD.get(os.getpid())
    if child is not None and child.poll() is None:
        return child
    try:
        # -P: the modules beside this one are not to be found by their short names
        child = subprocess.Popen(
            [sys.executable, '-P', __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except OSError:
        return None
    _CHILD[os.getpid()] = child
    if child.stdout is None or child.stdout.readline().strip() != _READY:
        _stop()
        return None
    return child


@atexit.register
def _stop() -> None:
    child = _CHILD.pop(os.getpid(), None)
    if child is None:
        return
    child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _walk(path: str) -> None:
    """Touch all of a file that a reader may touch; what can be caught is the reader's business."""
    left = _BYTES

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        nonlocal left
        with contextlib.suppress(Exception):
            for key in item.attrs:
                with contextlib.suppress(Exception):
                    item.attrs[key]
            if not isinstance(item, h5py.Dataset):
                return
            if item.chunks is not None:
                item.id.chunk_iter(lambda chunk: None)
            if item.nbytes <= left:
                left -= item.nbytes
                item[()]
            else:
                item[(0,) * item.ndim]

    with contextlib.suppress(Exception), h5py.File(path, 'r') as file:
        visit('/', file)
        file.visititems(visit)


def _serve() -> None:
    print(_READY, flush=True)
    for line in sys.stdin:
        _walk(json.loads(line))
        print(_READY, flush=True)


if __name__ == '__main__':
    _serve()
