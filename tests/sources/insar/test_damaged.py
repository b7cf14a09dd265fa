"""Damaged files: a clear error or a sound result, never another exception, a crash or a hang."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusionls.errors import FusionlsError
from fusionls.geo.window import Window
from fusionls.sources.insar.egms import open_egms
from fusionls.sources.insar.licsbas import open_licsbas
from fusionls.sources.insar.mintpy import open_mintpy
from fusionls.sources.insar.stamps import open_stamps

SIDE = 64
damaging = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50
)
FLIPS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12)
CUTS = st.one_of(st.just(1.0), st.floats(0, 1))


def damaged(whole: bytes, flips: list[tuple[float, int]], cut: float) -> bytes:
    """Bytes at some shares of the length replaced, the rest after a share cut off."""
    found = bytearray(whole)
    for share, byte in flips:
        found[int(share * len(found))] = byte
    return bytes(found[: int(np.ceil(cut * len(found)))])


def check_sound(opened: Callable[[], Any]) -> bool:
    """Read what opens; True where it was no clear error."""
    try:
        for source in opened():
            grid = source.grid
            window = Window(0, 0, min(grid.rows, SIDE), min(grid.cols, SIDE))
            values, valid = source.read(window)
            assert values.shape == (len(source.layers), window.height, window.width)
            assert values.shape == valid.shape
            assert np.isfinite(values).all()
            assert (values[~valid] == 0).all()
    except FusionlsError:
        return False
    return True


@pytest.fixture
def hdf5_files(write_hdf5, write_velocity, mintpy_attributes, series, truth) -> dict[str, bytes]:
    """A velocity in compressed chunks, a series and a cum.h5, as bytes."""
    velocity = write_velocity()
    with h5py.File(velocity, 'r+') as file:
        values = file['velocity'][()]
        del file['velocity']
        file.create_dataset('velocity', data=values, chunks=(3, 4), compression='lzf')
    dates = np.array([b'20200101', b'20200301', b'20200630', b'20201231', b'20211231'])
    told = {**mintpy_attributes, 'UNIT': 'm'}
    moved = series.astype(np.float32)
    timeseries = write_hdf5('timeseries.h5', {'timeseries': moved, 'date': dates}, told)
    cum = write_hdf5(
        'cum.h5',
        {
            'cum': moved,
            'imdates': dates.astype(int),
            'corner_lat': 45.0,
            'corner_lon': 10.0,
            'post_lat': -0.001,
            'post_lon': 0.001,
            'mask': np.ones(truth.shape, np.float32),
        },
        {},
    )
    return {path.name: path.read_bytes() for path in (velocity, timeseries, cum)}


@damaging
@given(st.sampled_from(['velocity.h5', 'timeseries.h5', 'cum.h5']), FLIPS, CUTS)
def test_hdf5_with_bytes_changed_or_cut(hdf5_files, tmp_path, name, flips, cut):
    path = tmp_path / f'damaged_{name}'
    path.write_bytes(damaged(hdf5_files[name], flips, cut))
    reader = open_licsbas if name == 'cum.h5' else open_mintpy
    assert check_sound(lambda: reader(path)) or flips or cut < 1


ODD_VALUES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ['', 'nan', 'inf', '-1', '0', '1e400', '4326', '99999999999', '-0.001', 'mm/year', 'm']
    ),
    st.integers(-(2**31), 2**31),
    st.floats(),
    st.just(np.zeros(3)),
    st.just(np.array([b'x', b'y'])),
    st.just(h5py.Empty('f')),
)
ODD_DATA = st.one_of(
    st.sampled_from([np.zeros(()), np.zeros(4), np.zeros((6, 8)), np.zeros((2, 6, 8))]),
    st.sampled_from([np.zeros((0, 8)), np.full((6, 8), b'x'), np.zeros((6, 8), complex)]),
    st.sampled_from([np.zeros((6, 8), [('r', 'f4')]), np.zeros((6, 8, 2, 2)), h5py.Empty('f4')]),
    st.sampled_from([np.full((6, 8), 1e300), np.full((6, 8), 2**62), np.full((5, 6, 8), np.inf)]),
)
KEYS = (
    'UNIT', 'X_FIRST', 'Y_FIRST', 'X_STEP', 'Y_STEP', 'LENGTH', 'EPSG', 'UTM_ZONE',
    'NO_DATA_VALUE', 'REF_DATE',
)  # fmt: skip
SETS = ('velocity', 'velocityStd', 'timeseries', 'date', 'HDFEOS', 'cum', 'imdates', 'corner_lat')


@damaging
@given(
    st.sampled_from(['velocity.h5', 'timeseries.h5', 'cum.h5']),
    st.dictionaries(st.sampled_from(KEYS), ODD_VALUES, max_size=3),
    st.dictionaries(st.sampled_from(SETS), ODD_DATA, max_size=2),
)
def test_hdf5_with_odd_attributes_and_data_sets(hdf5_files, tmp_path, name, told, data):
    path = tmp_path / f'odd_{name}'
    path.write_bytes(hdf5_files[name])
    with h5py.File(path, 'r+') as file:
        for key, value in told.items():
            try:
                file.attrs[key] = value
            except (UnicodeError, ValueError):  # h5py writes no surrogates and no NUL
                continue
        for key, values in data.items():
            file.pop(key, None)
            file.create_dataset(key, data=values)
    reader = open_licsbas if name == 'cum.h5' else open_mintpy
    check_sound(lambda: reader(path))


EGMS = (
    'pid,easting,northing,los_east,los_north,los_up,mean_velocity,temporal_coherence,20190103\n'
    + ''.join(f'p{i},{4600000 + 25 * i},2100000,-0.6,-0.1,0.78,{i - 5},0.9,1.0\n' for i in range(9))
)
STAMPS = '"export_res_ 1","export_res_ 2",c,d,e,f\n103.6,32.0,NaN,735928,736000,736100\n' + ''.join(
    f'{103.655 + i / 1e4},32.08,{i - 5}.5,0,{i},{2 * i}\n' for i in range(9)
)
ODD_CELLS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ['', 'nan', 'NaN', '-inf', '1e400', '1e39', '-', '"', ',', '\n', '\x00', '0x10', '1_000',
         '9' * 400, '1e308', 'True', '2020-01-01', ' 5 ', '٣', '1;2', '#']
    ),
)  # fmt: skip
EDITS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 8), ODD_CELLS), max_size=4)


def edited(text: str, edits: list[tuple[int, int, str]]) -> bytes:
    """A table with some of its cells replaced, quoted or not, as it comes."""
    rows = [line.split(',') for line in text.splitlines()]
    for row, col, cell in edits:
        rows[row][col % len(rows[row])] = cell
    return '\n'.join(','.join(row) for row in rows).encode('utf-8', 'surrogatepass')


@damaging
@given(st.sampled_from([EGMS, STAMPS]), EDITS, FLIPS, CUTS)
def test_tables_with_cells_or_bytes_changed_or_cut(tmp_path, text, edits, flips, cut):
    path = tmp_path / 'damaged.csv'
    path.write_bytes(damaged(edited(text, edits) or b' ', flips, cut))
    reader = open_egms if text == EGMS else open_stamps
    assert check_sound(lambda: reader(path)) or edits or flips or cut < 1


PARAMETERS = (
    'Gamma DIFF&GEO DEM/MAP parameter file\nwidth:   8\nnlines:   6\n'
    'corner_lat:  45.0  decimal degrees\ncorner_lon:  10.0  decimal degrees\n'
    'post_lat:  -0.001  decimal degrees\npost_lon:  0.001  decimal degrees\n'
)


@damaging
@given(FLIPS, CUTS, st.sampled_from(['8', '1e999', 'nan', '-8', '0', '8.5', '1e12']))
def test_parameters_of_raw_files_changed_or_cut(tmp_path, flips, cut, width):
    np.full(48, 5, '<f4').tofile(tmp_path / 'vel')
    text = PARAMETERS.replace('width:   8', f'width:   {width}').encode()
    (tmp_path / 'EQA.dem_par').write_bytes(damaged(text, flips, cut))
    sound = check_sound(lambda: open_licsbas(tmp_path / 'vel'))
    assert sound or flips or cut < 1 or width != '8'


@damaging
@given(FLIPS, CUTS)
def test_geotiff_changed_or_cut(write_lonlat, tmp_path, flips, cut):
    # a name of its own each time: GDAL remembers what it read under a name
    path: Path = write_lonlat(f'{uuid.uuid4()}_U.tif', np.full((6, 8), 5, np.float32))
    path.write_bytes(damaged(path.read_bytes(), flips, cut))
    assert check_sound(lambda: open_egms(path)) or flips or cut < 1
