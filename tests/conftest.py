"""What tests of several rooms share: small rasters on disk, and the public data sets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from hypothesis import settings

from fusionls.geo.grid import Grid

settings.register_profile('untimed', deadline=None)  # a busy machine fails no test
settings.load_profile('untimed')
WriteRaster = Callable[..., Path]


@pytest.fixture
def real_data() -> Path:
    """The folder of public data sets; the test is skipped, by name, where there is none."""
    named = os.environ.get('FUSIONLS_REAL_DATA')
    folder = Path(named) if named else Path(__file__).parents[2] / 'shared' / 'data'
    if not folder.is_dir():
        pytest.skip(f'no public data sets: set FUSIONLS_REAL_DATA (there is no {folder})')
    return folder


@pytest.fixture
def utm_grid() -> Callable[..., Grid]:
    """Makes a grid in UTM 17 north, metres."""

    def make(
        rows: int,
        cols: int,
        pixel: float = 10.0,
        west: float = 500_000.0,
        north: float = 4_000_000.0,
    ) -> Grid:
        return Grid(pyproj.CRS(32617), west, north, pixel, pixel, rows, cols)

    return make


@pytest.fixture
def write_raster(tmp_path: Path) -> WriteRaster:
    """Writes a raster by rasterio alone, as a stranger's file: as told, right or wrong."""

    def write(
        name: str,
        values: np.ndarray,
        *,
        crs: str | None = 'EPSG:32617',
        transform: Affine | None = None,
        pixel: float = 10.0,
        west: float = 500_000.0,
        north: float = 4_000_000.0,
        nodata: float | None = None,
        scale: float | None = None,
    ) -> Path:
        values = np.atleast_3d(values.T).T if values.ndim == 2 else values
        path = tmp_path / name
        with rasterio.open(
            path,
            'w',
            driver='GTiff',
            dtype=values.dtype,
            count=values.shape[0],
            height=values.shape[1],
            width=values.shape[2],
            crs=crs,
            transform=transform or Affine(pixel, 0, west, 0, -pixel, north),
            nodata=nodata,
        ) as dataset:
            dataset.write(values)
            if scale is not None:
                dataset.scales = (scale,) * values.shape[0]
        return path

    return write
