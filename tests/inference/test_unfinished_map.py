"""Rows that are kept beside a map, taken up by the same job only, and gone in the end."""

from __future__ import annotations

import errno
import fcntl
import shutil
from contextlib import suppress

import numpy as np
import pytest

from fusionls.errors import InputError
from fusionls.inference.unfinished_map import discard, empty, held, unfinished

ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)


class KilledError(Exception):
    """Stands for whatever ends a run."""


def killed(out, job='a job', *, rows=ROWS, times=1):
    with suppress(KilledError), unfinished(out, job, 4) as made:
        for number in range(times):
            made.add(rows + 100 * number, {'open': np.array([number, 0.5])})
        raise KilledError


def folder(out):
    return out.with_name(f'.{out.name}.unfinished')


def strips(made, count=2):
    return [(row, values.tolist()) for row, values in made.strips(count)]


def test_rows_and_the_last_state_are_found_again_by_the_same_job(tmp_path):
    killed(tmp_path / 'p.tif', times=2)
    with unfinished(tmp_path / 'p.tif', 'a job', 4) as made:
        assert made.rows == 6
        state = made.found()
        np.testing.assert_array_equal(state['open'], [1, 0.5])
        assert set(state) == {'open'}
        expected = np.concatenate([ROWS, ROWS + 100])
        assert strips(made, 4) == [(0, expected[:4].tolist()), (4, expected[4:].tolist())]
    assert list(tmp_path.iterdir()) == []


def test_rows_go_on_after_those_of_before(tmp_path):
    killed(tmp_path / 'p.tif')
    killed(tmp_path / 'p.tif', rows=ROWS[:1] + 7)
    with unfinished(tmp_path / 'p.tif', 'a job', 4) as made:
        assert strips(made, 9) == [(0, [*ROWS.tolist(), *(ROWS[:1] + 7).tolist()])]


def test_another_job_begins_anew(tmp_path):
    killed(tmp_path / 'p.tif')
    with unfinished(tmp_path / 'p.tif', 'another job', 4) as made:
        assert (made.rows, made.found(), strips(made)) == (0, {}, [])


def test_rows_whose_state_was_not_written_in_time_are_forgotten(tmp_path):
    killed(tmp_path / 'p.tif')
    with (folder(tmp_path / 'p.tif') / 'rows.float32').open('ab') as file:
        file.write(b'half a row')
    with unfinished(tmp_path / 'p.tif', 'a job', 4) as made:
        made.add(ROWS, {})
        assert strips(made, 9) == [(0, [*ROWS.tolist(), *ROWS.tolist()])]


@pytest.mark.parametrize('broken', ['rows.float32', 'state.npz'])
def test_a_file_cut_short_means_a_new_beginning(tmp_path, broken):
    killed(tmp_path / 'p.tif')
    file = folder(tmp_path / 'p.tif') / broken
    file.write_bytes(file.read_bytes()[:-5])
    with unfinished(tmp_path / 'p.tif', 'a job', 4) as made:
        assert (made.rows, strips(made)) == (0, [])


def test_without_rows_or_without_a_name_nothing_is_left(tmp_path):
    killed(tmp_path / 'p.tif', times=0)
    killed(tmp_path / 'p.tif', None)
    assert list(tmp_path.iterdir()) == []


def test_two_processes_do_not_make_one_map(tmp_path):
    with unfinished(tmp_path / 'p.tif', 'a job', 4) as made:
        made.add(ROWS, {})
        with (
            pytest.raises(InputError, match=r'p\.tif: another process is making this file'),
            unfinished(tmp_path / 'p.tif', 'a job', 4),
        ):
            pass
        assert strips(made, 3) == [(0, ROWS.tolist())]


def test_rows_of_another_job_never_stand_beside_a_state(tmp_path, monkeypatch):
    """The other one ends between its first rows and their state, as on a full disk."""
    killed(tmp_path / 'p.tif', 'a job')
    with monkeypatch.context() as patched:
        patched.setattr(np, 'savez', full_disk)
        with pytest.raises(OSError, match='full'), unfinished(tmp_path / 'p.tif', 'B', 4) as made:
            made.add(ROWS + 1000, {})
    with unfinished(tmp_path / 'p.tif', 'a job', 4) as made:
        assert (made.rows, strips(made)) == (0, [])


def full_disk(*_, **__):
    raise OSError('full')


def test_rows_stay_when_the_next_run_ends_while_it_reads_them(tmp_path, monkeypatch):
    killed(tmp_path / 'p.tif')
    with monkeypatch.context() as patched:
        patched.setattr(np, 'load', full_disk)
        with pytest.raises(OSError, match='full'), unfinished(tmp_path / 'p.tif', 'a job', 4):
            pass
    with unfinished(tmp_path / 'p.tif', 'a job', 4) as made:
        assert made.rows == 3


def test_a_run_without_a_name_takes_nothing_up(tmp_path):
    with unfinished(tmp_path / 'p.tif', None, 4) as first:
        first.add(ROWS, {})
        with unfinished(tmp_path / 'p.tif', None, 4) as second:
            assert second.rows == 0
            assert second.folder != first.folder
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_was_thrown_away_holds_nothing(tmp_path, monkeypatch):
    """The last run ends between our opening of its lock and our taking it."""
    taken = []

    def too_late(lock, flags):
        if not taken:
            shutil.rmtree(tmp_path / 'folder')
        taken.append(lock.name)

    monkeypatch.setattr(fcntl, 'flock', too_late)
    with held(tmp_path / 'folder', tmp_path / 'p.tif') as folder:
        assert len(taken) == 2
        assert (folder / 'lock').is_file()


def test_a_folder_is_emptied_but_for_its_lock(tmp_path):
    with held(tmp_path / 'folder', tmp_path / 'p.tif') as folder:
        (folder / 'maps').mkdir()
        (folder / 'maps' / 'file').write_text('something')
        (folder / 'file').write_text('something')
        empty(folder)
        assert [path.name for path in folder.iterdir()] == ['lock']
        discard(folder)
    assert list(tmp_path.iterdir()) == []


def test_file_systems_without_locks_are_served(tmp_path, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOSYS, 'Function not implemented')

    monkeypatch.setattr(fcntl, 'flock', none)
    killed(tmp_path / 'p.tif')
    with unfinished(tmp_path / 'p.tif', 'a job', 4) as made:
        assert made.rows == 3
