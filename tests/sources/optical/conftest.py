"""Optical products written by the published layouts, by rasterio alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

WEST, NORTH = 600_000.0, 1_300_020.0


@pytest.fixture
def write_image():
    """Writes counts as a strange program would, GeoTIFF or JPEG 2000 by the suffix."""

    def write(
        path: Path,
        values,
        pixel: float = 10.0,
        *,
        crs: str = 'EPSG:32643',
        west: float = WEST,
        north: float = NORTH,
        names=None,
        nodata=None,
        colours=None,
        scale=None,
        offset=None,
    ) -> Path:
        values = np.asarray(values)
        values = values[None] if values.ndim == 2 else values
        path.parent.mkdir(parents=True, exist_ok=True)
        lossless = {
            'driver': 'JP2OpenJPEG',
            'QUALITY': '100',
            'REVERSIBLE': 'YES',
            'YCBCR420': 'NO',
        }
        with rasterio.open(
            path,
            'w',
            dtype=values.dtype,
            count=values.shape[0],
            height=values.shape[1],
            width=values.shape[2],
            crs=crs,
            transform=Affine(pixel, 0, west, 0, -pixel, north),
            nodata=nodata,
            **(lossless if path.suffix == '.jp2' else {'driver': 'GTiff'}),
        ) as dataset:
            dataset.write(values)
            if names is not None:
                dataset.descriptions = tuple(names)
            if colours is not None:
                dataset.colorinterp = tuple(colours)
            if scale is not None:
                dataset.scales = (scale,) * values.shape[0]
                dataset.offsets = (offset or 0.0,) * values.shape[0]
        return path

    return write
