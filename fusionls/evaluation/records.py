"""Records of a long series of runs: one JSON file, and each run in a process of its own.

A series can be killed and started again: a record is in the file as soon as its run is over, and
is not made again. A run that fails, or whose process dies, becomes a record that says so.
"""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import platform
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

from fusionls.errors import InputError
from fusionls.geo.raster_io import written_whole

Record: TypeAlias = dict[str, Any]
FAILED = 'failed'
"""Key of a record of a run that failed: why."""


def read_records(path: str | Path) -> dict[str, Record]:
    """Records by name; none where there is no such file yet.

    Raises:
        InputError: The file holds something else.
    """
    path = Path(path)
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except json.JSONDecodeError as error:
        raise InputError(f'{path}: no JSON ({error}); take it away, or mend it') from error
    if not isinstance(content, dict) or not all(isinstance(r, dict) for r in content.values()):
        raise InputError(f'{path}: expected records by name; take it away, or mend it')
    return content


def put_record(path: str | Path, name: str, record: Mapping[str, Any]) -> None:
    """Add a record, or put it in the place of the one of that name; several processes may.

    Raises:
        InputError: What stands there is no file of records.
        OutputError: It cannot be written; what stood there is unchanged.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _only_one_at_a_time(path.parent):
        _write(path, {**read_records(path), name: dict(record)})


def drop_records(path: str | Path, kept: Collection[str]) -> None:
    """Take out the records of all other names."""
    path = Path(path)
    if set(read_records(path)) <= set(kept):
        return
    with _only_one_at_a_time(path.parent):
        _write(path, {name: r for name, r in read_records(path).items() if name in kept})


def _write(path: Path, records: Mapping[str, Record]) -> None:
    with written_whole(path) as beside:
        text = json.dumps(dict(sorted(records.items())), indent=1, ensure_ascii=False)
        beside.write_text(text + '\n', encoding='utf-8')


def made_records(
    path: str | Path,
    run: Callable[..., Record],
    jobs: Iterable[tuple[str, Mapping[str, Any], tuple[Any, ...]]],
    *,
    again: bool = False,
) -> Iterator[tuple[str, Record]]:
    """Make the records that a file lacks, each in a process of its own, and put them there.

    Args:
        path: Of the file.
        run: What gives a record; a function of a module.
        jobs: Name of a record, what it is of, and the arguments of ``run``. A record that is of
            something else (``config`` has changed, say) is made again, and so is one that failed.
        again: Make every record again.

    Yields:
        Name and record, as it was put into the file.
    """
    for name, of, arguments in jobs:
        known = read_records(path).get(name)
        stands = known is not None and FAILED not in known and of.items() <= known.items()
        if not stands or again:
            record = {**run_apart(run, *arguments), **of, **circumstances()}
            put_record(path, name, record)
            yield name, record


@contextmanager
def _only_one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a folder, so that no record is lost between reading and writing."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)  # which lets go of it


def run_apart(run: Callable[..., Record], *arguments: Any) -> Record:
    """What a run gives, made in a process of its own; its failure is a record too.

    Args:
        run: A function of a module.
        *arguments: Its arguments.
    """
    # forked where that is safe: what was imported and read once is there at once
    context = multiprocessing.get_context('fork' if sys.platform == 'linux' else 'spawn')
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(_caught, run, arguments).result()
        except BrokenProcessPool:
            return {FAILED: 'the process died; most likely memory ran out'}


def _caught(run: Callable[..., Record], arguments: tuple[Any, ...]) -> Record:
    try:
        return run(*arguments)
    except Exception as error:  # whatever it is: the series goes on, and the record says it
        traceback.print_exc()
        told = ' '.join(str(error).split())
        return {FAILED: f'{type(error).__name__}: {told[:300]}'}


def circumstances() -> Record:
    """Where, when and of which code a record is made."""
    return {
        'machine': machine(),
        'commit': checked_out_commit(),
        'date': date.today().isoformat(),
    }


def machine() -> str:
    """Processor, number of cores and the torch that runs on it."""
    name = platform.processor() or platform.machine()
    listed = Path('/proc/cpuinfo')
    if listed.is_file():
        models = [line for line in listed.read_text().splitlines() if line.startswith('model name')]
        name = models[0].partition(':')[2].strip() if models else name
    return f'{name}, {os.cpu_count()} cores, torch {version("torch")}'


def checked_out_commit() -> str:
    """Short name of the commit that is checked out, with a mark where files differ from it."""
    described = subprocess.run(
        ['git', 'describe', '--always', '--dirty', '--exclude=*'],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return described.stdout.strip() or 'unknown'


@contextmanager
def run_cost(threads: int) -> Iterator[Record]:
    """What a training costs, known after the block: seconds and peak memory of this process.

    Args:
        threads: Of the training; they are written down, not set.

    Yields:
        ``train_wall_s``, ``train_cpu_s``, ``peak_memory_gb``, ``threads``, and
        :func:`circumstances`, for ``run_results``.
    """
    cost: Record = {}
    wall, cpu = time.monotonic(), time.process_time()
    yield cost
    cost['train_wall_s'] = time.monotonic() - wall
    cost['train_cpu_s'] = time.process_time() - cpu
    cost['peak_memory_gb'] = memory_mb()[1] / 1024
    cost['threads'] = threads
    cost.update(circumstances())


def memory_mb() -> tuple[float, float]:
    """Memory of this process now, and the most it ever had; megabytes.

    Not ``ru_maxrss`` where the system tells more: a process inherits that from its parent.
    """
    status = Path('/proc/self/status')
    if status.is_file():
        told = dict(line.split(':', 1) for line in status.read_text().splitlines() if ':' in line)
        return tuple(int(told[key].split()[0]) / 1024 for key in ('VmRSS', 'VmHWM'))  # type: ignore[return-value]
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return most, most
