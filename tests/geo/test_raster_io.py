from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from fusionls.errors import (
    CrsMissingError,
    FileMissingError,
    NotARasterError,
    OutputError,
    RotatedRasterError,
)
from fusionls.geo.raster_io import (
    grid_of,
    new_geotiff,
    opened,
    read_bands,
    read_grid,
    write_geotiff,
    written_whole,
)
from fusionls.geo.window import Window

PLAIN = np.arange(12, dtype=np.float32).reshape(1, 3, 4)


def read(path, **options):
    with opened(path) as dataset:
        return read_bands(dataset, list(dataset.indexes), **options)


def test_what_is_written_is_read_back_with_grid_layers_and_holes(tmp_path, utm_grid):
    grid = utm_grid(300, 270)
    values = np.random.default_rng(0).normal(size=(2, 300, 270)).astype(np.float32)
    values[1, 7, 9] = np.nan
    write_geotiff(tmp_path / 'a.tif', grid, ['optical_red', 'optical_nir'], values)
    found, valid = read(tmp_path / 'a.tif')
    assert read_grid(tmp_path / 'a.tif').is_same_as(grid)
    assert np.array_equal(valid, np.isfinite(values))
    assert np.array_equal(found, np.nan_to_num(values))
    with rasterio.open(tmp_path / 'a.tif') as dataset:
        assert dataset.descriptions == ('optical_red', 'optical_nir')


def test_windows_written_one_by_one_equal_the_whole(tmp_path, utm_grid):
    values = np.random.default_rng(0).normal(size=(2, 40, 30)).astype(np.float32)
    with new_geotiff(tmp_path / 'a.tif', utm_grid(40, 30), ['a', 'b'], tags={'KEY': 'v'}) as out:
        out.write(values[:, :25], Window(0, 0, 25, 30))
        out.write(values[0, 25:], Window(25, 0, 15, 30), band=1)
        out.write(values[1, 25:], Window(25, 0, 15, 30), band=2)
    assert np.array_equal(read(tmp_path / 'a.tif')[0], values)
    with rasterio.open(tmp_path / 'a.tif') as dataset:
        assert dataset.tags()['KEY'] == 'v'


def test_nan_infinity_nodata_and_undeclared_fill_values_are_invalid_and_read_as_zero(write_raster):
    values = PLAIN.copy()
    values[0, 0] = [np.nan, np.inf, -np.inf, -3.4028235e38]
    values[0, 1, :2] = [-9999, -1]
    found, valid = read(write_raster('a.tif', values, nodata=-9999), nodata=-1)
    assert not valid[0, 0].any()
    assert valid[0, 1].tolist() == [False, False, True, True]
    assert np.all(found[~valid] == 0)
    assert np.array_equal(found[valid], values[valid])


def test_the_files_own_mask_can_be_left_out(write_raster):
    path = write_raster('a.tif', PLAIN.astype(np.uint8), nodata=0)
    assert not read(path)[1][0, 0, 0]
    assert read(path, use_mask=False)[1].all()


def test_an_alpha_band_makes_pixels_invalid(tmp_path):
    rgba = np.full((4, 2, 2), 9, np.uint8)
    rgba[3] = [[255, 0], [255, 255]]
    with rasterio.open(
        tmp_path / 'a.tif', 'w', driver='GTiff', dtype='uint8', count=4, height=2, width=2,
        crs='EPSG:32617', transform=Affine(2, 0, 0, 0, -2, 0), photometric='RGB', alpha='YES',
    ) as dataset:  # fmt: skip
        dataset.write(rgba)
    with opened(tmp_path / 'a.tif') as dataset:
        valid = read_bands(dataset, [1, 2, 3])[1]
    assert valid[:, 0, 1].tolist() == [False] * 3
    assert valid.sum() == 9


def test_a_window_reads_its_pixels(write_raster):
    found, _ = read(write_raster('a.tif', PLAIN), window=Window(1, 2, 2, 2))
    assert np.array_equal(found, PLAIN[:, 1:, 2:])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileMissingError, match=r'nowhere\.tif: no such file'):
        read_grid(tmp_path / 'nowhere.tif')


def test_a_file_that_is_no_raster_is_named(tmp_path):
    (tmp_path / 'a.tif').write_text('not a picture')
    with pytest.raises(NotARasterError, match=r'a\.tif: not a raster'):
        read_grid(tmp_path / 'a.tif')


def test_a_raster_without_crs_is_refused_with_the_cure(write_raster):
    with pytest.raises(CrsMissingError, match=r'a\.tif: has no CRS.*--crs'):
        read_grid(write_raster('a.tif', PLAIN, crs=None))


@pytest.mark.parametrize(
    'transform',
    [
        Affine(10, 1, 0, 1, -10, 0),
        Affine(10, 0, 0, 0, 10, 0),
        Affine(-10, 0, 0, 0, -10, 0),
    ],
    ids=['rotated', 'south up', 'mirrored'],
)
def test_a_raster_that_is_not_north_up_is_refused_with_the_cure(write_raster, transform):
    with pytest.raises(RotatedRasterError, match=r'a\.tif: .*expected north-up.*gdalwarp'):
        read_grid(write_raster('a.tif', PLAIN, transform=transform))


def test_a_truncated_raster_is_refused_when_read(tmp_path, utm_grid):
    path = tmp_path / 'a.tif'
    write_geotiff(
        path, utm_grid(600, 600), ['a'], np.ones((1, 600, 600), np.float32), compress='none'
    )
    with path.open('r+b') as stream:
        stream.truncate(path.stat().st_size // 2)
    with pytest.raises(NotARasterError, match=r'a\.tif: .*damaged or incomplete'):
        read(path)


def test_complex_pixels_are_refused(write_raster):
    with pytest.raises(NotARasterError, match='complex'):
        read(write_raster('a.tif', PLAIN.astype(np.complex64)))


def test_a_write_that_fails_leaves_what_stood_there(tmp_path):
    final = tmp_path / 'a.txt'
    final.write_text('old')

    def fail() -> None:
        with written_whole(final) as beside:
            beside.write_text('half')
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OutputError, match=r'a\.txt: could not be written: the disk is full'):
        fail()
    assert final.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [final]


def test_an_error_of_another_file_is_not_taken_for_a_failed_write(tmp_path):
    def fail() -> None:
        with written_whole(tmp_path / 'out.tif'), opened(tmp_path / 'in.tif'):
            pass

    with pytest.raises(FileMissingError, match=r'in\.tif'):
        fail()


def run_python(text: str, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, '-c', textwrap.dedent(text), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == 'win32', reason='needs limits on file sizes')
@pytest.mark.parametrize('compress', ['none', 'deflate'])
@pytest.mark.parametrize('rows', [512, 2048])
def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path, compress, rows):
    # a limit of 1 MiB on file sizes: GDAL only logs what it cannot flush, and may even leave
    # a file that opens, with blocks missing
    process = run_python(
        """
        import resource, signal, sys
        import numpy as np, pyproj
        from fusionls.errors import OutputError
        from fusionls.geo.grid import Grid
        from fusionls.geo.raster_io import new_geotiff
        from fusionls.geo.window import row_strips

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
        path, compress, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
        noise = np.random.default_rng(0)
        try:
            with new_geotiff(path, Grid(pyproj.CRS(32617), 0, 0, 1, 1, rows, 256), 'abc',
                             compress=compress) as out:
                for strip in row_strips(rows, 256, 64):
                    out.write(noise.normal(size=(3, 64, 256)).astype('f4'), strip)
        except OutputError as error:
            print(error)
        """,
        str(tmp_path / 'a.tif'),
        compress,
        str(rows),
    )
    said, _ = process.communicate(timeout=60)
    assert 'could not be written: the disk is full' in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == 'win32', reason='needs SIGKILL')
def test_a_killed_write_leaves_nothing_under_the_final_name(tmp_path, utm_grid):
    final = tmp_path / 'a.tif'
    process = run_python(
        """
        import sys, time
        import numpy as np, pyproj
        from fusionls.geo.grid import Grid
        from fusionls.geo.raster_io import new_geotiff
        from fusionls.geo.window import row_strips

        with new_geotiff(sys.argv[1], Grid(pyproj.CRS(32617), 0, 0, 1, 1, 4096, 256), 'a') as out:
            for strip in row_strips(4096, 256, 64):
                out.write(np.ones((1, 64, 256), 'f4'), strip)
                print('written', flush=True)
                time.sleep(0.05)
        """,
        str(final),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == 'written\n'
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert not final.exists()
    assert all(path.name.startswith('.') for path in tmp_path.iterdir())
    write_geotiff(final, utm_grid(8, 8), ['a'], np.ones((1, 8, 8), np.float32))
    assert final.exists()


def test_a_folder_that_cannot_be_made_is_an_error_with_the_name(tmp_path, utm_grid):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match=r'a\.tif: could not be written'):
        write_geotiff(
            Path(tmp_path, 'file', 'a.tif'), utm_grid(8, 8), ['a'], np.ones((1, 8, 8), 'f4')
        )


def test_grid_of_reads_crs_origin_and_pixel(write_raster):
    path = write_raster(
        'a.tif', PLAIN, transform=Affine(0.5, 0, 7.0, 0, -0.25, 9.0), crs='EPSG:4326'
    )
    with opened(path) as dataset:
        grid = grid_of(dataset)
    assert grid.bounds == (7.0, 8.25, 9.0, 9.0)
    assert grid.crs.to_epsg() == 4326
