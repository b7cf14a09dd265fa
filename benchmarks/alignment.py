"""What it costs to read a window from sources in four CRS, and how far off the values are.

Seven layers of 512 x 512 pixels: optical (4 x uint16) on the base grid, a DEM in seconds of
longitude and latitude, InSAR on another such grid, a byte layer in the next UTM zone. Against
(a) the same layers aligned beforehand, four files of native types with deflate, (b) GDAL's
WarpedVRT, kept open, and (c) rasterio.warp.reproject of windows; all bilinear, in turns, one
thread. Errors are against exact positions of every pixel and float64 weights.

Run:
    OMP_NUM_THREADS=1 python benchmarks/alignment.py [--windows 40] [--size 4096]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.warp import reproject
from scipy import ndimage

from fusionls.geo.grid import Grid
from fusionls.geo.resample import Resampler
from fusionls.geo.window import Window
from fusionls.sources import SourceRaster

SIDE = 512
PIXEL = 10.0
CACHE_MB = 64
LAYERS = {
    'optical': ['optical_red', 'optical_green', 'optical_blue', 'optical_nir'],
    'dem': ['terrain_elevation'],
    'insar': ['insar_velocity_los'],
    'byte': ['optical_grey'],
}


def relief(rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """A smooth mountain range with slopes up to a metre per metre, by metres."""
    height = 400 * np.sin(rows / 900) * np.cos(cols / 1100) + 90 * np.sin((rows + cols) / 170)
    return 1500 + height + 12 * np.sin(rows / 37) * np.cos(cols / 41)


def around(base: Grid, crs: pyproj.CRS, pixel: float) -> Grid:
    """A grid in a CRS that holds the base grid."""
    bounds = pyproj.Transformer.from_crs(base.crs, crs, always_xy=True).transform_bounds(
        *base.bounds, densify_pts=50
    )
    west, south, east, north = bounds
    margin = 20 * pixel
    rows = int((north - south + 2 * margin) / pixel)
    cols = int((east - west + 2 * margin) / pixel)
    return Grid(crs, west - margin, north + margin, pixel, pixel, rows, cols)


def written(path: Path, grid: Grid, values: np.ndarray) -> None:
    predictor = 3 if values.dtype.kind == 'f' else 2
    with rasterio.open(
        path, 'w', driver='GTiff', count=len(values), dtype=values.dtype, height=grid.rows,
        width=grid.cols, crs=grid.crs.to_wkt(), transform=grid.transform, tiled=True,
        blockxsize=512, blockysize=512, compress='deflate', predictor=predictor,
    ) as dataset:  # fmt: skip
        dataset.write(values)


def on(grid: Grid, base: Grid) -> np.ndarray:
    """The relief as the pixels of a grid see it, at their places on the base grid."""
    out = np.empty(grid.shape, np.float32)
    to_base = pyproj.Transformer.from_crs(grid.crs, base.crs, always_xy=True)
    cols = grid.west + (np.arange(grid.cols) + 0.5) * grid.pixel_width
    for row in range(grid.rows):
        north = grid.north - (row + 0.5) * grid.pixel_height
        x, y = to_base.transform(cols, np.full(grid.cols, north))
        out[row] = relief(base.north - y, x - base.west)
    return out


def made(folder: Path, size: int) -> tuple[Grid, dict[str, Grid]]:
    """Write the four sources, and the same aligned."""
    base = Grid(pyproj.CRS(32632), 620_000.0, 5_200_000.0, PIXEL, PIXEL, size, size)
    grids = {
        'optical': base,
        'dem': around(base, pyproj.CRS(4326), 1 / 3600),
        'insar': around(base, pyproj.CRS(4326), 1 / 2700),
        'byte': around(base, pyproj.CRS(32633), PIXEL),
    }
    rng = np.random.default_rng(0)
    for name, grid in grids.items():
        values, exact = on(grid, base)[None], on(base, base)[None]
        if name == 'optical':
            noise = rng.normal(0, 60, (4, *grid.shape))
            values = exact = np.clip(values + noise, 0, 65535).astype(np.uint16)
        elif name == 'byte':
            values, exact = ((v / 10).astype(np.uint8) for v in (values, exact))
        written(folder / f'{name}.tif', grid, values)
        written(folder / f'aligned_{name}.tif', base, exact)
    return base, grids


def exact_values(folder: Path, name: str, source: Grid, base: Grid, window: Window) -> np.ndarray:
    """Bilinear values at the exact place of every pixel, in float64."""
    with rasterio.open(folder / f'{name}.tif') as dataset:
        values = dataset.read(1).astype(np.float64)
    cols = base.west + (window.col + np.arange(window.width) + 0.5) * base.pixel_width
    rows = base.north - (window.row + np.arange(window.height) + 0.5) * base.pixel_height
    to_source = pyproj.Transformer.from_crs(base.crs, source.crs, always_xy=True)
    x, y = to_source.transform(*np.meshgrid(cols, rows))
    at = [
        (source.north - y) / source.pixel_height - 0.5,
        (x - source.west) / source.pixel_width - 0.5,
    ]
    return ndimage.map_coordinates(values, at, order=1)


def readers(folder: Path, base: Grid) -> dict[str, Callable[[Window], dict[str, np.ndarray]]]:
    """How each side reads a window."""
    sources = {n: SourceRaster.open(folder / f'{n}.tif', layers) for n, layers in LAYERS.items()}
    aligned = {
        n: SourceRaster.open(folder / f'aligned_{n}.tif', layers) for n, layers in LAYERS.items()
    }
    resamplers = {n: Resampler(source.grid, base) for n, source in sources.items()}
    kept = {n: rasterio.open(folder / f'{n}.tif') for n in LAYERS}
    warped = {
        n: WarpedVRT(
            dataset, crs=base.crs.to_wkt(), transform=base.transform, height=base.rows,
            width=base.cols, resampling=Resampling.bilinear,
        )
        for n, dataset in kept.items()
    }  # fmt: skip

    def area(window: Window) -> rasterio.windows.Window:
        return rasterio.windows.Window(window.col, window.row, window.width, window.height)

    def ours(window: Window) -> dict[str, np.ndarray]:
        return {
            n: resamplers[n].part(source.read, window, source.kinds)[0]
            for n, source in sources.items()
        }

    def vrt(window: Window) -> dict[str, np.ndarray]:
        return {n: dataset.read(window=area(window)).astype('f4') for n, dataset in warped.items()}

    def reprojected(window: Window) -> dict[str, np.ndarray]:
        part, found = base.part(window), {}
        for n, dataset in kept.items():
            inside = resamplers[n].source_window(window.grown(4))
            raw = dataset.read(window=area(inside)).astype('f4')
            out = np.empty((len(raw), window.height, window.width), np.float32)
            reproject(
                raw, out, src_transform=sources[n].grid.part(inside).transform,
                src_crs=dataset.crs, dst_transform=part.transform, dst_crs=base.crs.to_wkt(),
                resampling=Resampling.bilinear,
            )  # fmt: skip
            found[n] = out
        return found

    return {
        'aligned beforehand, 4 files': lambda w: {n: s.read(w)[0] for n, s in aligned.items()},
        'fusionls, on the fly': ours,
        'WarpedVRT, kept open': vrt,
        'rasterio.warp.reproject': reprojected,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--windows', type=int, default=40)
    parser.add_argument('--size', type=int, default=4096)
    arguments = parser.parse_args()
    # a scene is larger than any cache: one that holds all of it would time nothing
    with tempfile.TemporaryDirectory() as name, rasterio.Env(GDAL_CACHEMAX=CACHE_MB):
        folder = Path(name)
        base, grids = made(folder, arguments.size)
        sides = readers(folder, base)
        rng = np.random.default_rng(1)
        windows = [
            Window(int(r), int(c), SIDE, SIDE)
            for r, c in rng.integers(0, arguments.size - SIDE, (arguments.windows, 2))
        ]
        spent: dict[str, list[float]] = {side: [] for side in sides}
        for window in windows:
            for side, read in sides.items():
                before = time.process_time()
                read(window)
                spent[side].append(1000 * (time.process_time() - before))
        errors: dict[str, dict[str, float]] = {side: {} for side in sides}
        for layer in ('dem', 'insar'):
            for side, read in sides.items():
                worst = 0.0
                for window in windows[:4]:
                    exact = exact_values(folder, layer, grids[layer], base, window)
                    worst = max(worst, float(np.abs(read(window)[layer][0] - exact).max()))
                errors[side][layer] = worst
    aligned = np.median(next(iter(spent.values())))
    print('| read | CPU ms per window | ratio | worst error, 30 m DEM | worst error, 40 m grid |')
    print('|---|---|---|---|---|')
    for side, times in spent.items():
        found = errors[side] if side.split()[0] != 'aligned' else {}
        shown = ' | '.join(f'{found[n]:.4f}' if n in found else '' for n in ('dem', 'insar'))
        print(f'| {side} | {np.median(times):.1f} | {np.median(times) / aligned:.2f} | {shown} |')


if __name__ == '__main__':
    main()
