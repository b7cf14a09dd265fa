from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from fusionls.errors import GridMismatchError, OutputError
from fusionls.geo import raster_io
from fusionls.stack import LayerStack, ModalityArrays, write_stack
from fusionls.stack.store import new_stack


def modality(value: float, size: int = 8) -> dict[str, ModalityArrays]:
    values = np.full((1, size, size), value, np.float32)
    return {'optical': ModalityArrays(values, values[0] < np.inf, ['optical_red'])}


def value_of(folder: Path) -> float:
    stack = LayerStack.open(folder)
    return float(stack.read(stack.grid.window)['optical'][0][0, 0, 0])


def test_a_stack_is_not_replaced_unasked(tmp_path, utm_grid):
    write_stack(tmp_path / 's', utm_grid(8, 8), modality(1))
    with pytest.raises(OutputError, match=r'holds a stack already.*overwrite'):
        write_stack(tmp_path / 's', utm_grid(8, 8), modality(2))
    assert value_of(tmp_path / 's') == 1
    write_stack(tmp_path / 's', utm_grid(8, 8), modality(2), overwrite=True)
    assert value_of(tmp_path / 's') == 2
    assert [path.name for path in tmp_path.iterdir()] == ['s']


def test_a_folder_of_other_things_is_never_replaced(tmp_path, utm_grid):
    (tmp_path / 'thesis.doc').write_text('years of work')
    with pytest.raises(OutputError, match='is no stack'):
        write_stack(tmp_path, utm_grid(8, 8), modality(1), overwrite=True)
    assert (tmp_path / 'thesis.doc').exists()


def test_a_stack_with_a_users_file_in_it_is_not_replaced(tmp_path, utm_grid):
    write_stack(tmp_path / 's', utm_grid(8, 8), modality(1))
    (tmp_path / 's' / 'optical.tif.aux.xml').write_text('written by QGIS')
    write_stack(tmp_path / 's', utm_grid(8, 8), modality(2), overwrite=True)
    (tmp_path / 's' / 'map.qgz').write_text('mine')
    with pytest.raises(OutputError, match=r'not part of it: map\.qgz'):
        write_stack(tmp_path / 's', utm_grid(8, 8), modality(3), overwrite=True)
    assert value_of(tmp_path / 's') == 2


def test_a_file_in_the_way_is_named(tmp_path, utm_grid):
    (tmp_path / 's').write_text('')
    with pytest.raises(OutputError, match='is a file'):
        write_stack(tmp_path / 's', utm_grid(8, 8), modality(1))


def test_an_empty_folder_is_used(tmp_path, utm_grid):
    (tmp_path / 's').mkdir()
    write_stack(tmp_path / 's', utm_grid(8, 8), modality(1))
    assert value_of(tmp_path / 's') == 1


def test_a_failure_on_the_way_leaves_the_old_stack_and_nothing_else(tmp_path, utm_grid):
    write_stack(tmp_path / 's', utm_grid(8, 8), modality(1))
    wrong = modality(2) | {'insar': ModalityArrays(np.ones((1, 3, 3), np.float32),
                                                   np.ones((3, 3), bool),
                                                   ['insar_coherence'], 3)}  # fmt: skip
    with pytest.raises(GridMismatchError):
        write_stack(tmp_path / 's', utm_grid(8, 8), wrong, overwrite=True)
    assert value_of(tmp_path / 's') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['s']


def test_a_full_disk_leaves_the_old_stack_and_names_the_new(tmp_path, utm_grid, monkeypatch):
    write_stack(tmp_path / 's', utm_grid(8, 8), modality(1))

    def full(*_: object) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(raster_io, '_check_blocks', full)
    with pytest.raises(OutputError, match='the disk is full') as caught:
        write_stack(tmp_path / 's', utm_grid(8, 8), modality(2), overwrite=True)
    assert str(tmp_path / 's' / 'optical.tif') in str(caught.value)
    assert '.part' not in str(caught.value)
    assert value_of(tmp_path / 's') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['s']


def test_a_stack_that_was_not_finished_does_not_appear(tmp_path, utm_grid):
    with pytest.raises(RuntimeError, match='finish'), new_stack(tmp_path / 's', utm_grid(8, 8)):
        pass
    assert list(tmp_path.iterdir()) == []


KILLED = """
    import sys, time
    import numpy as np, pyproj
    from fusionls.geo.grid import Grid
    from fusionls.quantities import Quantity
    from fusionls.stack.store import new_stack

    grid = Grid(pyproj.CRS(32617), 0, 0, 10, 10, 8, 8)
    with new_stack(sys.argv[1], grid, overwrite=True) as writer:
        with writer.modality('optical', {'optical_red': Quantity('digital_number')}, 1) as out:
            out.write(np.full((1, 8, 8), 2, 'f4'), np.ones((8, 8), bool), grid.window)
        print('written', flush=True)
        time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == 'win32', reason='needs SIGKILL')
@pytest.mark.parametrize('old', [False, True])
def test_a_killed_write_changes_nothing_and_the_next_run_clears_up(tmp_path, utm_grid, old):
    if old:
        write_stack(tmp_path / 's', utm_grid(8, 8), modality(1))
    process = subprocess.Popen(
        [sys.executable, '-c', textwrap.dedent(KILLED), str(tmp_path / 's')],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == 'written\n'
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    process.stdout.close()
    assert (tmp_path / 's').exists() == old
    if old:
        assert value_of(tmp_path / 's') == 1
    assert len([p for p in tmp_path.iterdir() if p.name.startswith('.s.')]) == 1
    write_stack(tmp_path / 's', utm_grid(8, 8), modality(3), overwrite=True)
    assert value_of(tmp_path / 's') == 3
    assert [path.name for path in tmp_path.iterdir()] == ['s']


def test_a_run_killed_between_the_two_renames_is_put_back(tmp_path, utm_grid, monkeypatch):
    write_stack(tmp_path / 's', utm_grid(8, 8), modality(1))
    (tmp_path / 's').rename(tmp_path / '.s.here.999999999.old')  # no process has this number
    monkeypatch.setattr('socket.gethostname', lambda: 'here')
    with pytest.raises(GridMismatchError), new_stack(tmp_path / 's', utm_grid(8, 8)) as writer:
        writer.grid.coarser(3)
    assert value_of(tmp_path / 's') == 1


def test_a_rename_that_fails_puts_the_old_stack_back(tmp_path, utm_grid, monkeypatch):
    write_stack(tmp_path / 's', utm_grid(8, 8), modality(1))
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name.endswith('.part'):
            raise OSError(5, 'Input/output error')
        return rename(self, target)

    monkeypatch.setattr(Path, 'rename', failing)
    with pytest.raises(OutputError, match='Input/output error'):
        write_stack(tmp_path / 's', utm_grid(8, 8), modality(2), overwrite=True)
    assert value_of(tmp_path / 's') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['s']


def test_another_machines_and_a_running_run_are_left_alone(tmp_path, utm_grid, monkeypatch):
    monkeypatch.setattr('socket.gethostname', lambda: 'here')
    others = [tmp_path / '.s.there.999999999.part', tmp_path / '.s.here.1.part']
    for other in others:
        other.mkdir()
    write_stack(tmp_path / 's', utm_grid(8, 8), modality(1))
    assert all(other.exists() for other in others)


def test_the_description_holds_what_a_reader_of_another_program_needs(tmp_path, utm_grid):
    values = np.ones((1, 8, 8), np.float32)
    valid = np.zeros((8, 8), bool)
    valid[:2] = True
    write_stack(
        tmp_path / 's',
        utm_grid(8, 8),
        {'insar': ModalityArrays(values, valid, ['insar_velocity_los'])},
        parameters={'seed': 3},
    )
    said = json.loads((tmp_path / 's' / 'stack.json').read_text())
    assert (said['format'], said['version'], said['labels']) == ('fusionls-stack', 1, None)
    assert said['parameters'] == {'seed': 3}
    assert said['simulated'] is False
    assert said['coregistration'] is None
    assert said['modalities']['insar'] == {
        'file': 'insar.tif',
        'factor': 1,
        'layers': [{'name': 'insar_velocity_los', 'unit': 'm/yr', 'kind': 'continuous'}],
        'valid_share': 0.25,
    }
    assert said['grid'] | {'crs': ''} == {
        'crs': '', 'west': 500_000.0, 'north': 4_000_000.0, 'pixel_width': 10.0,
        'pixel_height': 10.0, 'rows': 8, 'cols': 8,
    }  # fmt: skip
    assert {'fusionls', 'rasterio', 'gdal', 'numpy'} <= set(said['software'])
