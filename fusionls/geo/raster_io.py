"""The only place where raster files are opened: read with a valid mask, write whole or not at all.

Flow: files -> [here] -> sources, stack; inference -> [here] -> files.
A pixel is valid where the file's own mask says so, its value is finite and it is not one of the
extra nodata values given. Files are written beside their final name and renamed when complete,
so that a killed process or a full disk never leaves half a file under the final name.
"""

from __future__ import annotations

import errno
import functools
import glob
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, DatasetWriter

from fusionls.errors import (
    CrsMissingError,
    FileMissingError,
    FusionlsError,
    NotARasterError,
    OutputError,
    RotatedRasterError,
)
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window

FILL_LIMIT = 1e30
"""Magnitude beyond which a float is an undeclared fill value (GDAL and ESRI use -3.4e38)."""


def open_raster(path: str | Path) -> DatasetReader:
    """Open a raster for reading, for as long as the caller keeps it; :func:`opened` closes.

    Raises:
        FileMissingError: There is no such file.
        NotARasterError: It cannot be opened as a raster.
    """
    path = Path(path)
    if not path.exists():
        raise FileMissingError(f'{path}: no such file; check the path and its spelling')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)  # grid_of says it better
            return rasterio.open(path)
    except Exception as error:  # of damaged files rasterio lets GDAL's own and decoding errors out
        raise NotARasterError(
            f'{path}: not a raster GDAL can open ({error}); expected a GeoTIFF'
        ) from error


@contextmanager
def opened(path: str | Path) -> Iterator[DatasetReader]:
    """Open a raster for reading and close it; raises what :func:`open_raster` raises."""
    dataset = open_raster(path)
    try:
        yield dataset
    finally:
        dataset.close()


def grid_of(dataset: DatasetReader) -> Grid:
    """The grid of an open raster.

    Raises:
        CrsMissingError: The file has no CRS.
        RotatedRasterError: Rows do not run west to east, north to south.
    """
    if dataset.crs is None:
        raise CrsMissingError(
            f'{dataset.name}: has no CRS, so nobody knows where it is. Write it into the file: '
            'rio edit-info --crs EPSG:<code> FILE (or gdal_edit.py -a_srs EPSG:<code> FILE).'
        )
    t = dataset.transform
    if t.b or t.d or t.a <= 0 or t.e >= 0:
        raise RotatedRasterError(
            f'{dataset.name}: its transform {tuple(round(v, 9) for v in t[:6])} is rotated, '
            'sheared or mirrored; expected north-up. Make it so: gdalwarp FILE NORTH_UP.tif.'
        )
    return Grid(_crs(dataset.crs.to_wkt()), t.c, t.f, t.a, -t.e, dataset.height, dataset.width)


@functools.lru_cache(maxsize=64)
def _crs(wkt: str) -> pyproj.CRS:
    """Parse a CRS once: 45 ms for one without a code, and a data set has hundreds of files."""
    return pyproj.CRS.from_wkt(wkt)


def read_grid(path: str | Path) -> Grid:
    """The grid of a raster file; raises what :func:`opened` and :func:`grid_of` raise."""
    with opened(path) as dataset:
        return grid_of(dataset)


def read_bands(
    dataset: DatasetReader,
    bands: Sequence[int],
    window: Window | None = None,
    nodata: float | None = None,
    use_mask: bool = True,
) -> tuple[FloatArray, BoolArray]:
    """Read bands of an open raster with their valid masks.

    Args:
        dataset: From :func:`opened`.
        bands: Band numbers, from 1.
        window: Pixels to read, inside the raster; all by default.
        nodata: A value that means invalid beside what the file declares.
        use_mask: Whether the file's own nodata, alpha and mask band count. Off for label masks
            whose background is declared as nodata.

    Returns:
        values (bands, rows, cols) float32 and valid (bands, rows, cols) bool. Values are zero
        where invalid, so NaN and infinity never travel further.

    Raises:
        NotARasterError: The pixels cannot be decoded (a truncated file).
    """
    area = None
    if window is not None:
        area = rasterio.windows.Window(window.col, window.row, window.width, window.height)
    try:
        raw = dataset.read(list(bands), window=area)
        valid = (
            dataset.read_masks(list(bands), window=area) > 0
            if use_mask
            else np.ones(raw.shape, bool)
        )
    except RasterioError as error:
        raise NotARasterError(
            f'{dataset.name}: its pixels cannot be read ({error}); the file is damaged or '
            'incomplete. Fetch it again.'
        ) from error
    if np.iscomplexobj(raw):
        raise NotARasterError(f'{dataset.name}: holds complex numbers; expected real values')
    with np.errstate(invalid='ignore', over='ignore'):  # both only under invalid pixels
        if raw.dtype.kind == 'f':
            valid &= (raw < FILL_LIMIT) & (raw > -FILL_LIMIT)  # False for NaN as well
        if nodata is not None:
            valid &= raw != nodata
        values = raw.astype(np.float32, copy=False)
    np.copyto(values, 0, where=~valid)  # in place: one more copy costs more than the read
    return values, valid


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Give a path to write to that becomes ``path`` only when all went well.

    Yields:
        A path beside the final one, with the same suffix.

    Raises:
        OutputError: The disk is full or the folder cannot be written; nothing is left behind.
    """
    path = Path(path)
    beside = path.with_name(f'.{path.stem}.{os.getpid()}.part{path.suffix}')
    with said_of_output(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield beside
            os.replace(beside, path)
        finally:
            for leftover in path.parent.glob(glob.escape(beside.name) + '*'):
                leftover.unlink(missing_ok=True)


@contextmanager
def said_of_output(path: Path) -> Iterator[None]:
    """Turn what the system says of a failed write into what the user needs to know.

    Raises:
        OutputError: The disk is full, or the folder cannot be written.
    """
    try:
        yield
    except FusionlsError:
        raise  # some are OSErrors too, and speak of other files
    except OSError as error:
        full = error.errno == errno.ENOSPC or 'No space left' in str(error)
        why = 'the disk is full, or a limit on file sizes was reached' if full else str(error)
        cure = 'Free some space' if full else 'Check the folder and its rights'
        raise OutputError(
            f'{path}: could not be written: {why}. {cure} and run again; '
            'what stood there before is unchanged.'
        ) from error


class _CheckedWriter:
    """A rasterio writer whose failures to write (a full disk) are errors, never warnings."""

    def __init__(self, dataset: DatasetWriter) -> None:
        self._dataset = dataset

    def write(self, values: NDArray[np.generic], window: Window, band: int | None = None) -> None:
        """Write ``values`` (bands, rows, cols), or (rows, cols) into one ``band``."""
        area = rasterio.windows.Window(window.col, window.row, window.width, window.height)
        if band is None:
            self._dataset.write(values, window=area)
        else:
            self._dataset.write(values, band, window=area)


def _check_blocks(path: Path) -> None:
    """Refuse a GeoTIFF with a block that is not on the disk.

    GDAL flushes blocks as the file is closed, when it only logs that the disk is full; and a
    block that is missing reads back as nodata.
    """
    size = path.stat().st_size
    try:
        with rasterio.open(path) as written:
            for band in written.indexes:
                for (row, col), _ in written.block_windows(band):
                    start, length = (
                        written.get_tag_item(f'BLOCK_{what}_{col}_{row}', 'TIFF', bidx=band)
                        for what in ('OFFSET', 'SIZE')
                    )
                    if start is None or length is None or int(start) + int(length) > size:
                        raise OSError(errno.ENOSPC, 'blocks are missing')
    except RasterioError as error:
        raise OSError(errno.ENOSPC, f'cannot be read back: {error}') from error


@contextmanager
def new_geotiff(
    path: str | Path,
    grid: Grid,
    layers: Sequence[str],
    dtype: str = 'float32',
    nodata: float | None = float('nan'),
    compress: str = 'none',
    tags: dict[str, str] | None = None,
) -> Iterator[_CheckedWriter]:
    """Write a tiled GeoTIFF window by window; it appears under ``path`` when complete.

    Args:
        path: Final name.
        grid: Where the pixels are.
        layers: Band descriptions, one per band.
        dtype: Pixel type.
        nodata: Declared nodata; None declares none.
        compress: ``'none'`` for caches (reads in 2 ms a window), ``'deflate'`` for products.
        tags: Dataset tags.

    Yields:
        A writer with ``write(values, window, band=None)``.

    Raises:
        OutputError: Writing failed; nothing stands under ``path`` that was not there before.
    """
    profile = {
        'driver': 'GTiff',
        'dtype': dtype,
        'count': len(layers),
        'height': grid.rows,
        'width': grid.cols,
        'crs': grid.crs.to_wkt(),
        'transform': grid.transform,
        'nodata': nodata,
        'tiled': True,
        'blockxsize': 256,
        'blockysize': 256,
        'interleave': 'band',
        'BIGTIFF': 'IF_SAFER',
    }
    if compress != 'none':
        profile['compress'] = compress
        profile['predictor'] = 3 if dtype.startswith('float') else 2
    with written_whole(path) as beside:
        try:
            with rasterio.open(beside, 'w', **profile) as dataset:
                dataset.descriptions = tuple(layers)
                if tags:
                    dataset.update_tags(**tags)
                yield _CheckedWriter(dataset)
        except RasterioError as error:
            # GDAL does not hand the system's own reason on
            raise OSError(
                f'{error.__cause__ or error} (the disk is full, or a limit on file sizes was '
                'reached?)'
            ) from error
        _check_blocks(beside)


def write_geotiff(
    path: str | Path,
    grid: Grid,
    layers: Sequence[str],
    values: NDArray[np.generic],
    nodata: float | None = float('nan'),
    compress: str = 'deflate',
) -> None:
    """Write an array (bands, rows, cols) that is in memory; see :func:`new_geotiff`."""
    with new_geotiff(path, grid, layers, str(values.dtype), nodata, compress) as writer:
        writer.write(values, grid.window)
