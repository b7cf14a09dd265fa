from __future__ import annotations

import json
import multiprocessing
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.errors import LayerMissingError, StackError
from fusionls.geo.window import Window
from fusionls.quantities import Quantity
from fusionls.stack import UNMAPPED, LayerStack, ModalityArrays, layer_stack, write_stack

ROWS, COLS = 32, 48


@pytest.fixture(scope='module')
def arrays():
    rng = np.random.default_rng(0)
    optical = rng.normal(size=(2, ROWS, COLS)).astype(np.float32)
    insar = rng.normal(size=(1, ROWS // 4, COLS // 4)).astype(np.float32)
    return {
        'optical': (optical, rng.random((2, ROWS, COLS)) > 0.1),
        'insar': (insar, rng.random(insar.shape) > 0.3),
        'labels': rng.choice([0, 1, UNMAPPED], (ROWS, COLS)).astype(np.uint8),
    }


@pytest.fixture(scope='module')
def stack(tmp_path_factory, arrays):
    import pyproj

    from fusionls.geo.grid import Grid

    grid = Grid(pyproj.CRS(32617), 500_000.0, 4_000_000.0, 10.0, 10.0, ROWS, COLS)
    garbage = np.where(arrays['optical'][1], arrays['optical'][0], np.inf)
    return write_stack(
        tmp_path_factory.mktemp('stack') / 'valley',
        grid,
        {
            'optical': ModalityArrays(
                garbage, arrays['optical'][1], ['optical_red', 'optical_nir']
            ),
            'insar': ModalityArrays(*arrays['insar'], ['insar_velocity_los'], factor=4),
        },
        labels=arrays['labels'],
        simulated=True,
    )


def test_what_was_written_is_read(stack, arrays):
    found = stack.read(stack.grid.window)
    for name in ('optical', 'insar'):
        values, valid_bands = arrays[name]
        valid = valid_bands.all(axis=0)
        assert np.array_equal(found[name][1], valid)
        assert np.array_equal(found[name][0], np.where(valid, values, 0))
        assert found[name][0].dtype == np.float32
    assert np.array_equal(stack.read_labels(stack.grid.window), arrays['labels'])


@settings(max_examples=50, deadline=None)
@given(*[st.integers(-5, 14)] * 2, *[st.integers(1, 8)] * 2)
def test_any_window_equals_the_padded_whole(stack, arrays, row, col, height, width):
    window = Window(4 * row, 4 * col, 4 * height, 4 * width)
    found = stack.read(window)
    for name, factor in (('optical', 1), ('insar', 4)):
        values, valid = arrays[name]
        valid = valid.all(axis=0)
        margin = 80 // factor
        own = window.shrunk(factor)
        cut = (
            slice(own.row + margin, own.row + margin + own.height),
            slice(own.col + margin, own.col + margin + own.width),
        )
        padded = np.pad(np.where(valid, values, 0), ((0, 0), (margin, margin), (margin, margin)))
        assert np.array_equal(found[name][0], padded[:, *cut])
        assert np.array_equal(found[name][1], np.pad(valid, margin)[cut])
    labels = np.pad(arrays['labels'], 80, constant_values=UNMAPPED)
    rows, cols = Window(window.row + 80, window.col + 80, window.height, window.width).slices
    assert np.array_equal(stack.read_labels(window), labels[rows, cols])


def test_a_window_that_cuts_a_coarse_pixel_is_refused(stack):
    with pytest.raises(ValueError, match='multiples of 4'):
        stack.read(Window(0, 2, 8, 8))
    with pytest.raises(ValueError, match='multiples of 4'):  # whichever modality is asked for
        stack.read(Window(0, 2, 8, 8), ['optical'])


def test_only_the_modalities_asked_for_are_read(stack):
    assert list(stack.read(stack.grid.window, ['insar'])) == ['insar']
    with pytest.raises(LayerMissingError, match="no modality 'lidr'"):
        stack.read(stack.grid.window, ['lidr'])


def test_the_description_is_what_was_said(stack):
    assert stack.coarsest == 4
    assert stack.has_labels
    assert stack.simulated
    assert stack.name == 'valley'
    assert stack.modalities['insar'].grid.pixel == 40.0
    assert stack.modalities['insar'].quantities == {'insar_velocity_los': Quantity('m/yr')}
    assert stack.modalities['optical'].layers == ('optical_red', 'optical_nir')


def read_all(stack: LayerStack) -> float:
    return float(stack.read(stack.grid.window)['optical'][0].sum())


def test_a_stack_can_be_handed_to_threads_and_pickled(stack):
    expected = read_all(stack)
    assert read_all(pickle.loads(pickle.dumps(stack))) == expected
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read_all, [stack] * 8)) == [expected] * 8


FORKED = """
import multiprocessing, sys
from fusionls.stack import LayerStack

def read_all(stack):
    return float(stack.read(stack.grid.window)['optical'][0].sum())

stack = LayerStack.open(sys.argv[1])
expected = read_all(stack)  # files are open here before the fork
with multiprocessing.get_context('fork').Pool(2) as processes:
    assert processes.map(read_all, [stack] * 4) == [expected] * 4
"""


def test_a_stack_can_be_handed_to_processes(stack):
    # in an interpreter of its own: whoever forks one in which GDAL has threads may wait for ever
    command = [sys.executable, '-c', FORKED, str(stack.folder)]
    subprocess.run(command, check=True, timeout=120)


def files_opened_by_reading(stack: LayerStack) -> int:
    with mock.patch.object(layer_stack, 'open_raster', wraps=layer_stack.open_raster) as opening:
        stack.read(stack.grid.window)
    return opening.call_count


def test_a_forked_process_opens_the_files_for_itself(stack):
    read_all(stack)
    assert files_opened_by_reading(stack) == 0
    context = multiprocessing.get_context('fork')
    found = context.Queue()
    process = context.Process(target=lambda: found.put(files_opened_by_reading(stack)))
    process.start()
    assert found.get(timeout=30) == 2  # sharing a handle across a fork mixes up positions
    process.join(timeout=30)


def test_a_closed_stack_opens_again(stack):
    expected = read_all(stack)
    stack.close()
    assert read_all(stack) == expected


def test_a_stack_without_labels_says_so(tmp_path, utm_grid):
    values = np.ones((1, 4, 4), np.float32)
    stack = write_stack(
        tmp_path / 's',
        utm_grid(4, 4),
        {'optical': ModalityArrays(values, values[0] > 0, ['optical_red'])},
    )
    assert not stack.has_labels
    with pytest.raises(LayerMissingError, match='has no labels'):
        stack.read_labels(stack.grid.window)


def test_a_folder_that_is_no_stack_is_refused_with_the_cure(tmp_path):
    with pytest.raises(StackError, match=r'is no stack: it has no stack\.json.*build_stack'):
        LayerStack.open(tmp_path)


def test_everything_wrong_with_a_stack_is_said_at_once(tmp_path, utm_grid):
    values = np.ones((1, 8, 8), np.float32)
    layers = {'optical': 'optical_red', 'insar': 'insar_coherence', 'terrain': 'terrain_slope'}
    stack = write_stack(
        tmp_path / 's',
        utm_grid(8, 8),
        {m: ModalityArrays(values, values[0] > 0, [layer]) for m, layer in layers.items()},
        labels=np.zeros((8, 8), np.uint8),
    )
    (stack.folder / 'insar.tif').unlink()
    (stack.folder / 'terrain.tif').write_text('rubbish')
    (stack.folder / 'labels.tif').unlink()
    with rasterio.open(stack.folder / 'optical.tif', 'r+') as dataset:
        dataset.descriptions = ('optical_green',)
        dataset.nodata = 0
    with pytest.raises(StackError) as caught:
        LayerStack.open(stack.folder)
    for part in ('5 problems', 'insar.tif: no such file', 'terrain.tif: not a raster',
                 'labels.tif: no such', "bands ('optical_green',)", 'nodata 0'):  # fmt: skip
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        ({'version': 99}, 'is version 99'),
        ({'format': 'other'}, 'not the description of a stack'),
        ({'grid': {}}, "grid: 'crs' is missing"),
        ({'modalities': {}}, 'there is none'),
        ({'labels': '../secret.tif'}, 'plain name'),
        ({'modalities': {'a': {'file': '/etc/passwd', 'factor': 1, 'layers': [
            {'name': 'x', 'unit': 'm', 'kind': 'continuous'}], 'valid_share': 1}}}, 'plain name'),
        ({'modalities': {'a': {'file': 'a.tif', 'factor': 0, 'layers': []}}}, 'factor is 0'),
        ({'modalities': {'a': {'file': 'a.tif', 'factor': 1, 'layers': [
            {'name': 'x', 'unit': 'parsec', 'kind': 'continuous'}]}}}, "unit 'parsec'"),
    ],
)  # fmt: skip
def test_a_description_that_was_tampered_with_is_refused(tmp_path, utm_grid, change, expected):
    values = np.ones((1, 8, 8), np.float32)
    stack = write_stack(
        tmp_path / 's',
        utm_grid(8, 8),
        {'optical': ModalityArrays(values, values[0] > 0, ['optical_red'])},
    )
    path = stack.folder / 'stack.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(StackError, match=expected):
        LayerStack.open(stack.folder)


def test_a_description_that_is_no_json_is_refused(tmp_path):
    (tmp_path / 'stack.json').write_text('{')
    with pytest.raises(StackError, match='cannot be read as JSON'):
        LayerStack.open(tmp_path)
