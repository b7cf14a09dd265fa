from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio

from fusionls.errors import InputError, LayerMissingError, NoModalityError, OutputError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import any_valid
from fusionls.inference import map_scene, scene_predictor
from fusionls.inference.screening import Screening
from fusionls.inference.window_plan import plan
from fusionls.stack.store import ModalityArrays, write_stack

UTM = pyproj.CRS.from_epsg(32617)


def random_stack(folder, rows=96, cols=80, seed=0, holes=0.2):
    """Optical at the base pixel and InSAR four times as coarse, both with holes."""
    rng = np.random.default_rng(seed)
    fine, coarse = (rows, cols), (rows // 4, cols // 4)
    return write_stack(
        folder,
        Grid(UTM, 500000.0, 4000000.0, 10.0, 10.0, rows, cols),
        {
            'optical': ModalityArrays(
                rng.random((3, *fine)),
                rng.random(fine) > holes,
                ['optical_red', 'optical_green', 'optical_blue'],
            ),
            'insar': ModalityArrays(
                rng.random((1, *coarse)), rng.random(coarse) > 0.7, ['insar_velocity_los'], 4
            ),
        },
    )


def red(batch):
    return batch['optical'][0][:, 0]


def constant(value):
    return lambda batch: np.full(batch['optical'][1].shape, value, np.float32)


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def whole(stack):
    sample = stack.read(stack.grid.window)
    return sample, any_valid(sample, stack.grid.shape)


def test_a_constant_comes_back_unchanged_and_invalid_pixels_are_nan(tmp_path):
    stack = random_stack(tmp_path / 'scene')
    found = read(map_scene(stack, constant(0.1), tmp_path / 'p.tif', window=32, overlap=12))
    _, valid = whole(stack)
    assert 0.5 < valid.mean() < 1
    np.testing.assert_array_equal(found, np.where(valid, np.float32(0.1), np.nan))


@pytest.mark.parametrize(
    ('window', 'overlap', 'batch_size'),
    [(16, 0, 1), (32, 8, 3), (32, 28, 4), (64, 16, 4), (256, 64, 4), (512, 128, 1)],
)
def test_a_per_pixel_prediction_is_the_same_whatever_the_windows(
    tmp_path, window, overlap, batch_size
):
    stack = random_stack(tmp_path / 'scene', rows=300, cols=340)
    path = map_scene(
        stack, red, tmp_path / 'p.tif', window=window, overlap=overlap, batch_size=batch_size
    )
    sample, valid = whole(stack)
    np.testing.assert_array_equal(read(path), np.where(valid, sample['optical'][0][0], np.nan))


def test_a_model_that_sees_only_the_coarse_modality_is_mapped_at_base_pixels(tmp_path):
    stack = random_stack(tmp_path / 'scene')

    def coarse(batch):
        assert set(batch) == {'insar'}
        return batch['insar'][0][:, 0].repeat(4, axis=1).repeat(4, axis=2)

    path = map_scene(stack, coarse, tmp_path / 'p.tif', window=32, overlap=8, modalities=['insar'])
    values, valid = stack.read(stack.grid.window)['insar']
    expected = np.where(valid, values[0], np.nan).repeat(4, axis=0).repeat(4, axis=1)
    np.testing.assert_array_equal(read(path), expected)


def test_seams_fade_between_windows_that_disagree(tmp_path):
    stack = random_stack(tmp_path / 'scene', rows=32, cols=56, holes=-1)
    levels = iter([0.0, 1.0])

    def disagreeing(batch):
        return np.full((1, 32, 32), next(levels), np.float32)

    row = read(
        map_scene(stack, disagreeing, tmp_path / 'p.tif', window=32, overlap=8, batch_size=1)
    )[0]
    assert (row[:24] == 0).all()
    assert (row[32:] == 1).all()
    expected = np.sin(np.pi / 2 * (np.arange(8) + 0.5) / 8) ** 2
    np.testing.assert_allclose(row[24:32], expected, atol=1e-6)


def test_a_scene_smaller_than_a_window_keeps_its_shape(tmp_path):
    stack = random_stack(tmp_path / 'scene', rows=4, cols=8, holes=-1)
    found = read(map_scene(stack, constant(1.0), tmp_path / 'p.tif', window=64, overlap=16))
    np.testing.assert_array_equal(found, np.ones((4, 8)))


def test_windows_without_a_valid_pixel_never_reach_the_model(tmp_path):
    rows = cols = 64
    valid = np.zeros((rows, cols), bool)
    valid[40:, 40:] = True
    stack = write_stack(
        tmp_path / 'scene',
        Grid(UTM, 500000.0, 4000000.0, 10.0, 10.0, rows, cols),
        {'optical': ModalityArrays(np.ones((1, rows, cols)), valid, ['optical_grey'])},
    )
    seen = []

    def watching(batch):
        seen.extend(batch['optical'][1].any(axis=(1, 2)))
        return batch['optical'][0][:, 0]

    found = read(map_scene(stack, watching, tmp_path / 'p.tif', window=32, overlap=0))
    assert seen == [True]
    np.testing.assert_array_equal(np.isfinite(found), valid)


def test_a_scene_without_any_valid_pixel_is_a_map_of_nothing(tmp_path):
    stack = random_stack(tmp_path / 'scene', holes=2)
    stack.modalities.pop('insar')
    found = read(map_scene(stack, constant(1.0), tmp_path / 'p.tif', window=32, overlap=0))
    assert np.isnan(found).all()


def test_batches_are_of_the_asked_size_and_progress_counts_every_window(tmp_path):
    stack = random_stack(tmp_path / 'scene', rows=64, cols=96)
    sizes, steps = [], []

    def watching(batch):
        sizes.append(len(batch['optical'][1]))
        return red(batch)

    map_scene(
        stack,
        watching,
        tmp_path / 'p.tif',
        window=32,
        overlap=0,
        batch_size=2,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert sizes == [2, 1, 2, 1]
    assert steps == [(3, 6), (6, 6)]


def test_the_map_is_a_cog_that_says_what_it_is(tmp_path):
    stack = random_stack(tmp_path / 'scene', rows=600, cols=1100)
    path = map_scene(stack, red, tmp_path / 'p.tif', tags={'checkpoint': 'best.pth'})
    with rasterio.open(path) as dataset:
        assert dataset.tags(ns='IMAGE_STRUCTURE')['LAYOUT'] == 'COG'
        assert dataset.overviews(1)
        assert dataset.descriptions == ('landslide_probability',)
        assert dataset.dtypes == ('float32',)
        assert np.isnan(dataset.nodata)
        tags = dataset.tags()
    assert (tags['checkpoint'], tags['simulated']) == ('best.pth', 'false')
    assert tags['fusionls_version']
    assert sorted(p.name for p in tmp_path.iterdir()) == ['p.tif', 'scene']


@pytest.mark.parametrize(
    ('wrong', 'text'),
    [
        (lambda batch: np.full((1, 8, 8), 0.5, np.float32), 'one probability per base pixel'),
        (constant(np.nan), 'expected probabilities'),
        (constant(3.0), 'values from .* to 3.0'),
    ],
)
def test_a_prediction_that_is_no_probability_is_refused_and_leaves_no_file(tmp_path, wrong, text):
    stack = random_stack(tmp_path / 'scene')
    with pytest.raises(ValueError, match=text):
        map_scene(stack, wrong, tmp_path / 'p.tif', window=32, overlap=8)
    assert [p.name for p in tmp_path.iterdir()] == ['scene']


def test_nan_under_invalid_pixels_is_no_mistake_of_the_model(tmp_path):
    stack = random_stack(tmp_path / 'scene')

    def careless(batch):
        valid = any_valid({m: (v[0][0], v[1][0]) for m, v in batch.items()}, (32, 32))
        return np.where(valid, red(batch), np.float32(np.nan))

    path = map_scene(stack, careless, tmp_path / 'p.tif', window=32, overlap=8, batch_size=1)
    sample, valid = whole(stack)
    np.testing.assert_array_equal(read(path), np.where(valid, sample['optical'][0][0], np.nan))


def test_what_cannot_work_is_said_before_the_model_runs(tmp_path):
    stack = random_stack(tmp_path / 'scene')
    never = pytest.fail
    with pytest.raises(InputError, match='multiple of 4'):
        map_scene(stack, never, tmp_path / 'p.tif', window=30)
    with pytest.raises(InputError, match=r'name it \.tif'):
        map_scene(stack, never, tmp_path / 'p.png')
    with pytest.raises(InputError, match='batch_size=0'):
        map_scene(stack, never, tmp_path / 'p.tif', batch_size=0)
    with pytest.raises(LayerMissingError, match="'sonar'"):
        map_scene(stack, never, tmp_path / 'p.tif', modalities=['optical', 'sonar'])
    with pytest.raises(NoModalityError, match='optical, insar'):
        map_scene(stack, never, tmp_path / 'p.tif', modalities=[])


PRELUDE = """
import resource, sys, time
from types import SimpleNamespace
import numpy as np, pyproj
from fusionls.geo.grid import Grid
from fusionls.errors import OutputError
from fusionls.inference import map_scene

class Endless:
    # a stack that holds nothing, so that only the mapping takes memory
    def __init__(self, rows, cols):
        self.grid = Grid(pyproj.CRS.from_epsg(32617), 0.0, 0.0, 10.0, 10.0, rows, cols)
        self.modalities = {'optical': SimpleNamespace(factor=1)}
        self.coarsest, self.name, self.simulated, self.folder = 1, 'endless', True, 'endless'
    def read(self, window, modalities):
        shape = (window.height, window.width)
        noise = np.random.default_rng(window.row * 7 + window.col).random(shape, np.float32)
        return {'optical': (noise[None], np.ones(shape, bool))}

def red(batch):
    return batch['optical'][0][:, 0]
"""


def python(code, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, '-c', PRELUDE + textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, 'OPENBLAS_NUM_THREADS': '1'},
        **options,
    )


@pytest.mark.skipif(not Path('/proc/self/status').exists(), reason='peak memory is read in /proc')
def test_a_scene_8_times_as_tall_takes_less_than_a_tenth_more_memory(tmp_path):
    # VmHWM starts anew with the process; ru_maxrss would be that of the tests, if larger
    code = """
        half = lambda batch: np.full(batch['optical'][1].shape, 0.5, np.float32)
        Endless.read = lambda self, window, modalities: {
            'optical': (np.zeros((1, window.height, window.width), np.float32),
                        np.ones((window.height, window.width), bool))}
        map_scene(Endless(int(sys.argv[2]), 4096), half, sys.argv[1], window=256, overlap=64)
        print([line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line][0])
    """
    peaks = [
        int(python(code, tmp_path / f'{rows}.tif', rows).communicate()[0]) for rows in (1024, 8192)
    ]
    assert peaks[1] < 1.10 * peaks[0]
    assert peaks[1] * 1024 < 2 * 8192 * 4096 * 4  # the whole map in float64 would not fit


def test_a_killed_run_leaves_no_file_under_the_final_name(tmp_path):
    out = tmp_path / 'p.tif'
    code = """
        def slow(batch):
            print('predicting', flush=True)
            time.sleep(0.05)
            return red(batch)
        map_scene(Endless(4096, 512), slow, sys.argv[1], window=256, overlap=64)
    """
    run = python(code, out)
    for _ in range(8):
        assert run.stdout.readline() == 'predicting\n'
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    assert run.returncode == -signal.SIGKILL
    assert not out.exists()
    assert not list(tmp_path.glob('p*'))


def breaking(after, counted=None):
    """A prediction that looks around itself, and ends the run at its call ``after``."""
    calls = []

    def predict(batch):
        if len(calls) == after:
            raise KeyboardInterrupt
        calls.append(None)
        if counted is not None:
            counted.append(len(calls))
        values = batch['optical'][0][:, 0]
        return 0.5 * values + 0.5 * np.roll(values, 3, axis=-2)

    return predict


RESUMED = {'window': 32, 'overlap': 20, 'batch_size': 2}


@pytest.mark.parametrize('rows', [92, 96, 32])  # the last windows fit; overlap more; are alone
def test_a_run_that_goes_on_writes_the_same_bytes(tmp_path, rows):
    # windows overlap by more than half, so that three rows of them are open at once
    stack = random_stack(tmp_path / 'scene', rows=rows)
    calls = []
    expected = map_scene(stack, breaking(None, calls), tmp_path / 'all.tif', **RESUMED)
    per_row = len(calls) // len(plan((rows, 80), 32, 20, 4).row_starts)
    for after in range(len(calls)):
        out, seen = tmp_path / f'{after}.tif', []
        with pytest.raises(KeyboardInterrupt):
            map_scene(stack, breaking(after), out, **RESUMED, job='job')
        assert not out.exists()
        map_scene(stack, breaking(None, seen), out, **RESUMED, job='job')
        assert out.read_bytes() == expected.read_bytes()
        assert len(seen) == len(calls) - after // per_row * per_row
    assert not list(tmp_path.glob('.*'))


@pytest.mark.parametrize('changed', [{'batch_size': 1}, {'overlap': 8}, {'job': 'another'}])
def test_a_run_of_other_settings_starts_anew(tmp_path, changed):
    stack, seen = random_stack(tmp_path / 'scene'), []
    out = tmp_path / 'p.tif'
    with pytest.raises(KeyboardInterrupt):
        map_scene(stack, breaking(9), out, **RESUMED, job='job')
    map_scene(stack, breaking(None, seen), out, **{**RESUMED, 'job': 'job', **changed})
    whole_run = []
    again = map_scene(
        stack, breaking(None, whole_run), tmp_path / 'q.tif', **{**RESUMED, **changed, 'job': 'x'}
    )
    assert len(seen) == len(whole_run)
    assert out.read_bytes() == again.read_bytes()


def test_a_screened_run_goes_on_with_its_counts(tmp_path):
    stack = random_stack(tmp_path / 'scene')

    def screening():
        return Screening(lambda batch: batch['optical'][0][:, 0].mean((1, 2)), 0.4)

    once, calls, left = screening(), [], []
    expected = map_scene(
        stack, breaking(None, calls), tmp_path / 'all.tif', **RESUMED, screening=once, job='job'
    )
    assert 0 < once.kept < once.looked
    out, first, second = tmp_path / 'p.tif', screening(), screening()
    with pytest.raises(KeyboardInterrupt):
        map_scene(stack, breaking(7), out, **RESUMED, screening=first, job='job')
    second.looked, second.kept = 100, 10  # of another scene
    map_scene(stack, breaking(None, left), out, **RESUMED, screening=second, job='job')
    assert len(left) < len(calls)
    assert out.read_bytes() == expected.read_bytes()
    assert (second.looked - 100, second.kept - 10) == (once.looked, once.kept)


def test_a_killed_process_is_gone_on_with_by_another(tmp_path):
    code = """
        def slow(batch):
            print('predicting', flush=True)
            time.sleep(float(sys.argv[2]))
            return red(batch)
        map_scene(Endless(2048, 512), slow, sys.argv[1], window=256, overlap=64, job='job')
    """
    expected = tmp_path / 'all.tif'
    calls = python(code, expected, 0).communicate()[0].count('predicting')
    out = tmp_path / 'p.tif'
    run = python(code, out, 0.05)
    for _ in range(calls // 2):
        assert run.stdout.readline() == 'predicting\n'
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    left = python(code, out, 0).communicate()[0].count('predicting')
    assert 0 < left < calls
    assert out.read_bytes() == expected.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ['all.tif', 'p.tif']


@pytest.mark.parametrize('stage', ['new_geotiff', '_copy_as_cog'])
def test_a_run_killed_while_it_writes_the_file_predicts_nothing_again(tmp_path, monkeypatch, stage):
    stack = random_stack(tmp_path / 'scene')
    expected = map_scene(stack, breaking(None), tmp_path / 'all.tif', **RESUMED)
    out = tmp_path / 'p.tif'
    out.write_bytes(b'the map of yesterday')

    def interrupted(source, *_, **__):
        Path(source).with_name('half').write_bytes(b'half a file')
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(scene_predictor, stage, interrupted)
        with pytest.raises(KeyboardInterrupt):
            map_scene(stack, breaking(None), out, **RESUMED, job='job')
    assert out.read_bytes() == b'the map of yesterday'
    map_scene(stack, pytest.fail, out, **RESUMED, job='job')
    assert out.read_bytes() == expected.read_bytes()
    assert not list(tmp_path.glob('.*'))


def test_an_interrupted_run_keeps_the_map_that_was_there(tmp_path):
    out = tmp_path / 'p.tif'
    out.write_bytes(b'the map of yesterday')
    # a runner in the background hands down that SIGINT is ignored
    code = """
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)
        def slow(batch):
            print('predicting', flush=True)
            time.sleep(0.05)
            return red(batch)
        map_scene(Endless(4096, 512), slow, sys.argv[1], window=256, overlap=64)
    """
    run = python(code, out, stderr=subprocess.DEVNULL)
    run.stdout.readline()
    time.sleep(0.2)
    os.kill(run.pid, signal.SIGINT)
    run.communicate()
    assert run.returncode != 0
    assert [p.name for p in tmp_path.iterdir()] == ['p.tif']
    assert out.read_bytes() == b'the map of yesterday'


@pytest.mark.parametrize('megabytes', [1, 4.35])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, megabytes):
    # the rows of the scene are 4.2 MB: the first limit is met while predicting, the second only
    # by the final file, in which noise hardly compresses and overviews come on top
    code = """
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = int(float(sys.argv[2]) * 10**6)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            map_scene(Endless(1024, 1024), red, sys.argv[1], window=256, overlap=64)
        except OutputError as error:
            print(error)
    """
    run = python(code, tmp_path / 'p.tif', megabytes, stderr=subprocess.DEVNULL)
    said = run.communicate()[0]
    assert 'could not be written' in said
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_said_before_any_prediction(tmp_path):
    stack = random_stack(tmp_path / 'scene')
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(OutputError, match='could not be written'):
        map_scene(stack, pytest.fail, tmp_path / 'file' / 'p.tif', window=32, overlap=8)
