"""Terrain layers against gdaldem and xdem, sky-view factor against rvt: CPU seconds, one thread.

Nine layers in one pass against gdaldem run band by band, as its users run it, reading and writing
included, on the very layers gdaldem has: slope by Horn and by Zevenbergen and Thorne, aspect (as
sine and cosine; gdaldem gives degrees), hillshade, multidirectional hillshade, TPI, TRI,
roughness. And nine layers (slope, sine and cosine of aspect, hillshade, profile and plan
curvature, TPI, TRI, roughness) against the eight of xdem in one call. Same DEM: the elevation
model that matplotlib ships, enlarged to 4000 x 4000. Derivation alone, once in blocks of 256 rows
whose layers are dropped when the next is derived, as a stack is built, and once with all layers
held (most of the difference is the system's, which has to find 720 MB); and from one uncompressed
GeoTIFF to another in such blocks.

Run (peers live in an environment of their own; gdaldem comes with the package gdal-bin):
    python3 -m venv .venv-peers && .venv-peers/bin/pip install xdem==0.2.3 scipy matplotlib &&
        .venv-peers/bin/pip install --no-deps rvt-py==2.2.3
    OMP_NUM_THREADS=1 python benchmarks/terrain.py [--peers .venv-peers/bin/python] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from matplotlib.cbook import get_sample_data
from rasterio.windows import Window
from scipy import ndimage

from fusionls.layers.derivation import derive

SIDE, CELL, REACH = 4000, 3.0, 10
BLOCK = 256  # rows
AS_GDALDEM = [
    'slope', 'slope_zt', 'aspect_sin', 'aspect_cos', 'hillshade', 'hillshade_multi', 'tpi_r3',
    'tri', 'roughness',
]  # fmt: skip
AS_XDEM = [
    'slope', 'aspect_sin', 'aspect_cos', 'hillshade', 'curvature_profile', 'curvature_plan',
    'tpi_r3', 'tri', 'roughness',
]  # fmt: skip
GDALDEM = [
    ['slope'], ['slope', '-alg', 'ZevenbergenThorne'], ['aspect'], ['hillshade'],
    ['hillshade', '-multidirectional'], ['TPI'], ['TRI', '-alg', 'Riley'], ['roughness'],
]  # fmt: skip
XDEM = [
    'slope', 'aspect', 'hillshade', 'profile_curvature', 'planform_curvature',
    'topographic_position_index', 'terrain_ruggedness_index', 'roughness',
]  # fmt: skip

THEIRS = """
import sys, time, numpy as np
dem = np.load(sys.argv[1]); what = sys.argv[2]
if what == 'xdem':
    import xdem
    names = sys.argv[3].split(',')
    run = lambda d: xdem.terrain.get_terrain_attribute(d, names, resolution=3.0)
else:
    import rvt.vis
    run = lambda d: rvt.vis.sky_view_factor(
        d, resolution=3.0, compute_svf=True, compute_opns=False, compute_asvf=False,
        svf_n_dir=16, svf_r_max=10, svf_noise=0)
run(dem[:200, :200])
start = time.process_time(); run(dem); print(time.process_time() - start)
"""


def elevation() -> np.ndarray:
    """The elevation model, enlarged, with roughness of several scales."""
    with np.load(get_sample_data('jacksboro_fault_dem.npz', asfileobj=False)) as data:
        small = data['elevation'].astype(np.float64)
    rng = np.random.default_rng(0)
    large = ndimage.zoom(small, (SIDE / small.shape[0], SIDE / small.shape[1]), order=3)
    for scale, size in ((2, 0.3), (8, 1.0)):
        large += size * ndimage.gaussian_filter(rng.normal(size=large.shape), scale) * scale * 3
    return large.astype(np.float32)


def blocks(read: Callable[[slice], np.ndarray], names: list[str]) -> Iterator[tuple[int, dict]]:
    """First row and layers of each block, derived with the rows around it."""
    for row in range(0, SIDE, BLOCK):
        around = slice(max(row - 1, 0), min(row + BLOCK + 1, SIDE))
        dem = read(around)
        found = derive({'terrain_elevation': (dem, np.ones(dem.shape, bool))}, names, CELL)
        first = row - around.start
        yield row, {name: found[name][0][first : first + BLOCK] for name in names}


def ours(dem: np.ndarray, names: list[str]) -> float:
    """CPU seconds of deriving layers block by block."""
    start = time.process_time()
    for _ in blocks(lambda rows: dem[rows], [f'terrain_{name}' for name in names]):
        pass
    return time.process_time() - start


def ours_held(dem: np.ndarray, names: list[str]) -> float:
    """CPU seconds of deriving layers that are all held in memory."""
    valid = np.ones(dem.shape, bool)
    start = time.process_time()
    derive({'terrain_elevation': (dem, valid)}, [f'terrain_{name}' for name in names], CELL)
    return time.process_time() - start


def ours_with_files(folder: Path, names: list[str]) -> float:
    """CPU seconds of layers from a GeoTIFF to a GeoTIFF."""
    start = time.process_time()
    with rasterio.open(folder / 'dem.tif') as dem:
        profile = dem.profile | {'count': len(names), 'interleave': 'band'}

        def read(rows: slice) -> np.ndarray:
            return dem.read(1, window=Window(0, rows.start, SIDE, rows.stop - rows.start))

        with rasterio.open(folder / 'ours.tif', 'w', **profile) as out:
            for row, found in blocks(read, [f'terrain_{name}' for name in names]):
                for band, values in enumerate(found.values(), start=1):
                    out.write(values, band, window=Window(0, row, SIDE, len(values)))
    return time.process_time() - start


def gdaldem(folder: Path) -> float:
    """CPU seconds of running gdaldem once for each of its layers."""
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    for mode, *options in GDALDEM:
        command = ['gdaldem', mode, folder / 'dem.tif', folder / 'theirs.tif', '-q', *options]
        subprocess.run(command, check=True)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


def peer(python: str, folder: Path, *what: str) -> float:
    """CPU seconds of a peer in its own environment, reading and compiling left out."""
    command = [python, '-c', THEIRS, folder / 'dem.npy', *what]
    environment = os.environ | {'OMP_NUM_THREADS': '1', 'NUMBA_NUM_THREADS': '1'}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--peers', help='Python that has xdem and rvt')
    parser.add_argument('--rounds', type=int, default=3)
    arguments = parser.parse_args()
    dem = elevation()
    horizon = [f'sky_view_r{REACH * CELL:g}']
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / 'dem.npy', dem)
        with rasterio.open(
            folder / 'dem.tif', 'w', driver='GTiff', dtype='float32', count=1, height=SIDE,
            width=SIDE, crs='EPSG:32617', transform=Affine(CELL, 0, 5e5, 0, -CELL, 4e6),
        ) as dataset:  # fmt: skip
            dataset.write(dem, 1)
        pairs: list[tuple[str, Callable[[], float], str, Callable[[], float]]] = []
        if shutil.which('gdaldem'):
            theirs = f'gdaldem, the same in {len(GDALDEM)} runs'
            pairs += [
                ('nine layers, one pass, by blocks', lambda: ours(dem, AS_GDALDEM),
                 theirs, lambda: gdaldem(folder)),
                ('the same, all held in memory', lambda: ours_held(dem, AS_GDALDEM),
                 theirs, lambda: gdaldem(folder)),
                ('the same, from file to file', lambda: ours_with_files(folder, AS_GDALDEM),
                 theirs, lambda: gdaldem(folder)),
            ]  # fmt: skip
        if arguments.peers:
            pairs += [
                ('nine layers with curvature, all held', lambda: ours_held(dem, AS_XDEM),
                 f'xdem, {len(XDEM)} of them in one call',
                 lambda: peer(arguments.peers, folder, 'xdem', ','.join(XDEM))),
                ('sky-view factor, 16 x 10', lambda: ours_held(dem, horizon),
                 'rvt, sky-view factor, 16 x 10', lambda: peer(arguments.peers, folder, 'rvt')),
            ]  # fmt: skip
        spent: list[tuple[list[float], list[float]]] = [([], []) for _ in pairs]
        for _ in range(arguments.rounds):
            for (_, own, _, other), times in zip(pairs, spent, strict=True):
                times[0].append(own())
                times[1].append(other())
    print('| fusionls | CPU s | scene Mpix per CPU s | peer | CPU s | faster by | per round |')
    print('|---|---|---|---|---|---|---|')
    for (name, _, peer_name, _), (mine, theirs_s) in zip(pairs, spent, strict=True):
        ratios = [b / a for a, b in zip(mine, theirs_s, strict=True)]
        print(
            f'| {name} | {np.median(mine):.2f} | {dem.size / 1e6 / np.median(mine):.1f} | '
            f'{peer_name} | {np.median(theirs_s):.2f} | {np.median(ratios):.1f} | '
            f'{min(ratios):.1f} to {max(ratios):.1f} |'
        )


if __name__ == '__main__':
    main()
