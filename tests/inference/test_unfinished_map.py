"""Rows that are kept beside a map, taken up by the same job only, and gone in the end."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest

from fusionls.errors import InputError
from fusionls.inference.unfinished_map import unfinished

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
        np.testing.assert_array_equal(made.state['open'], [1, 0.5])
        assert set(made.state) == {'open'}
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
        assert (made.rows, made.state, strips(made)) == (0, {}, [])


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
            pytest.raises(InputError, match=r'p\.tif: another process is making this map'),
            unfinished(tmp_path / 'p.tif', 'a job', 4),
        ):
            pass
        assert strips(made, 3) == [(0, ROWS.tolist())]
