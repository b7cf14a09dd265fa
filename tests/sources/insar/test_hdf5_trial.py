from __future__ import annotations

import os
import signal
import time

import pytest

from fusionls.sources.insar import hdf5_trial
from fusionls.sources.insar.hdf5_trial import harm_of


def test_a_sound_file_survives_and_is_tried_once(write_velocity):
    path = write_velocity()
    assert harm_of(path) is None
    started = time.perf_counter()
    assert harm_of(path) is None
    assert time.perf_counter() - started < 0.05


def test_garbage_that_can_be_caught_is_no_harm(tmp_path):
    path = tmp_path / 'text.h5'
    path.write_text('no HDF5')
    assert harm_of(path) is None


def test_what_ends_the_reader_is_harm_and_the_next_file_is_tried_anew(
    write_velocity, monkeypatch, tmp_path
):
    (tmp_path / 'killer.py').write_text(
        "import os, signal\nprint('ready', flush=True)\ninput()\n"
        'os.kill(os.getpid(), signal.SIGSEGV)\n'
    )
    hdf5_trial._stop()
    monkeypatch.setattr(hdf5_trial, '__file__', str(tmp_path / 'killer.py'))
    path = write_velocity('a.h5')
    assert f'exit code {-signal.SIGSEGV}' in (harm_of(path) or '')
    monkeypatch.undo()
    assert harm_of(write_velocity('b.h5')) is None


def test_what_does_not_end_is_harm(write_velocity, monkeypatch, tmp_path):
    (tmp_path / 'sleeper.py').write_text(
        "import time\nprint('ready', flush=True)\ntime.sleep(60)\n"
    )
    hdf5_trial._stop()
    monkeypatch.setattr(hdf5_trial, '__file__', str(tmp_path / 'sleeper.py'))
    assert harm_of(write_velocity('c.h5'), seconds=0.3) == 'reading it did not end within 0.3 s'


def test_without_a_child_nothing_is_known(write_velocity, monkeypatch):
    hdf5_trial._stop()
    monkeypatch.setattr(hdf5_trial.sys, 'executable', os.devnull)
    assert harm_of(write_velocity('d.h5')) is None


def test_a_changed_file_is_tried_again(write_velocity, monkeypatch):
    path = write_velocity('e.h5')
    assert harm_of(path) is None
    tried = []
    monkeypatch.setattr(hdf5_trial, '_started', lambda: tried.append(1))
    path.write_bytes(path.read_bytes() + b'more')
    assert harm_of(path) is None
    assert tried == [1]


@pytest.fixture(autouse=True)
def _fresh():
    """Verdicts of other tests are none of ours, nor ours theirs."""
    yield
    hdf5_trial._harm.cache_clear()
    hdf5_trial._stop()
