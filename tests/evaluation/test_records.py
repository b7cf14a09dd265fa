"""Records of a series are kept as they come, and no run takes another along."""

import json
import mmap
import multiprocessing
import os
import signal
import time

import pytest

from fusionls.errors import InputError
from fusionls.evaluation.records import (
    FAILED,
    drop_records,
    made_records,
    memory_mb,
    put_record,
    read_records,
    run_apart,
    run_cost,
)


def test_a_record_replaces_the_one_of_its_name_and_no_other(tmp_path):
    file = tmp_path / 'new' / 'records.json'
    assert read_records(file) == {}
    put_record(file, 'b', {'steps': 1})
    put_record(file, 'a', {'steps': 2})
    put_record(file, 'b', {'steps': 3})
    assert read_records(file) == {'a': {'steps': 2}, 'b': {'steps': 3}}
    assert list(json.loads(file.read_text())) == ['a', 'b']
    assert [path.name for path in file.parent.iterdir()] == ['records.json']


def put_many(file, process):
    for number in range(10):
        put_record(file, f'{process}_{number}', {'n': number})


def test_processes_that_write_at_a_time_lose_nothing(tmp_path):
    file = tmp_path / 'records.json'
    processes = [multiprocessing.Process(target=put_many, args=(file, p)) for p in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert len(read_records(file)) == 30


@pytest.mark.parametrize('text', ['{"a": {', '[1, 2]', '{"a": 1}'])
def test_a_file_of_something_else_is_not_written_over(tmp_path, text):
    file = tmp_path / 'records.json'
    file.write_text(text)
    with pytest.raises(InputError, match='take it away'):
        put_record(file, 'a', {})
    assert file.read_text() == text


def whoami(number):
    return {'process': os.getpid(), 'number': number}


def refuse():
    raise InputError('this\ncannot be')


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_run_has_a_process_of_its_own():
    first, second = run_apart(whoami, 1), run_apart(whoami, 2)
    assert (first['number'], second['number']) == (1, 2)
    assert len({first['process'], second['process'], os.getpid()}) == 3


def test_a_run_that_fails_or_dies_is_a_record_too():
    assert run_apart(refuse) == {FAILED: 'InputError: this cannot be'}
    assert 'process died' in run_apart(die)[FAILED]


def hold(megabytes):
    before, first = memory_mb()
    # pages of its own: an array may be given what this process had and freed
    with mmap.mmap(-1, megabytes * 2**20) as pages:
        for _ in range(megabytes):
            pages.write(bytes(2**20))
        now, most = memory_mb()
    found = {'grew': now, 'most': most, 'first': first, 'kept': memory_mb()[1]}
    return {name: value - before for name, value in found.items()}


def test_memory_is_that_of_the_process_and_its_peak_stays():
    found = run_apart(hold, 200)
    assert found['grew'] == pytest.approx(200, abs=20)
    assert found['kept'] >= found['most'] - 1
    assert found['most'] >= max(found['grew'], found['first']) - 1


def test_cost_is_cpu_time_not_waiting():
    with run_cost(threads=1) as cost:
        time.sleep(0.3)
    assert cost['train_wall_s'] >= 0.3
    assert cost['train_cpu_s'] < 0.2
    assert cost['peak_memory_gb'] > 0.01
    assert {'machine', 'commit', 'date', 'threads'} <= set(cost)


def jobs(**of):
    return [(name, {'config': digest}, (name,)) for name, digest in of.items()]


def noted(name):
    """A run that writes down that it ran, and fails where it is told to."""
    log = os.environ['RECORDS_LOG']
    with open(log, 'a') as file:
        file.write(name)
    if name == 'b' and not os.path.exists(f'{log}.mended'):
        raise ValueError('broken')
    return {'made': name}


@pytest.fixture
def ran(tmp_path, monkeypatch):
    log = tmp_path / 'log'
    monkeypatch.setenv('RECORDS_LOG', str(log))

    def letters():
        text = log.read_text() if log.exists() else ''
        log.unlink(missing_ok=True)
        return text

    return letters


def test_a_series_makes_what_is_missing_changed_or_failed(tmp_path, ran):
    file = tmp_path / 'records.json'
    first = dict(made_records(file, noted, jobs(a='1', b='1', c='1')))
    assert ran() == 'abc'
    assert first == read_records(file)
    assert first['b'][FAILED] == 'ValueError: broken'
    assert first['a'].items() >= {'made': 'a', 'config': '1'}.items()
    assert {'machine', 'commit', 'date'} <= set(first['a'])
    (tmp_path / 'log.mended').touch()
    second = dict(made_records(file, noted, jobs(a='1', b='1', c='2', d='1')))
    assert ran() == 'bcd'
    assert FAILED not in second['b']
    assert dict(made_records(file, noted, jobs(a='1', b='1', c='2', d='1'))) == {}
    assert set(dict(made_records(file, noted, jobs(a='1'), again=True))) == {'a'}
    assert ran() == 'a'


def test_a_record_is_in_the_file_before_the_next_run_begins(tmp_path, ran):
    file = tmp_path / 'records.json'
    made = made_records(file, noted, jobs(a='1', c='1'))
    next(made)
    assert set(read_records(file)) == {'a'}  # killed here, nothing is lost
    assert ran() == 'a'


def test_records_of_what_is_gone_are_dropped(tmp_path):
    file = tmp_path / 'records.json'
    for name in 'abc':
        put_record(file, name, {})
    drop_records(file, ['b', 'd'])
    assert set(read_records(file)) == {'b'}
    drop_records(tmp_path / 'none.json', [])
    assert not (tmp_path / 'none.json').exists()
