"""Terrain layers against gdaldem and xdem, sky-view factor against rvt: CPU seconds, one thread.

Nine layers in one pass (slope, sine and cosine of aspect, hillshade, profile and plan curvature,
TPI, TRI, roughness) against gdaldem run band by band, as its users run it, reading and writing
included, and against xdem, both as far as they have them. Same DEM: the elevation model that
matplotlib ships, enlarged to 4000 x 4000.

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
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from matplotlib.cbook import get_sample_data
from scipy import ndimage

from fusionls.layers.derivation import derive

SIDE, CELL, REACH = 4000, 3.0, 10
NINE = [
    'slope', 'aspect_sin', 'aspect_cos', 'hillshade', 'curvature_profile', 'curvature_plan',
    'tpi_r3', 'tri', 'roughness',
]  # fmt: skip
GDALDEM = ['slope', 'aspect', 'hillshade', 'TPI', 'TRI', 'roughness']
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


def ours(dem: np.ndarray, names: list[str]) -> float:
    """CPU seconds of deriving layers."""
    valid = np.ones(dem.shape, bool)
    start = time.process_time()
    derive({'terrain_elevation': (dem, valid)}, [f'terrain_{name}' for name in names], CELL)
    return time.process_time() - start


def gdaldem(folder: Path) -> float:
    """CPU seconds of running gdaldem once for each of its layers."""
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    for mode in GDALDEM:
        command = ['gdaldem', mode, folder / 'dem.tif', folder / f'{mode}.tif', '-q']
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
        sides: dict[str, tuple[Callable[[], float], int]] = {
            'fusionls, nine layers, one pass': (lambda: ours(dem, NINE), 9)
        }
        if shutil.which('gdaldem'):
            sides['gdaldem, six layers, six runs'] = (lambda: gdaldem(folder), len(GDALDEM))
        if arguments.peers:
            sides['xdem, eight layers, one call'] = (
                lambda: peer(arguments.peers, folder, 'xdem', ','.join(XDEM)),
                len(XDEM),
            )
        sides['fusionls, sky-view factor, 16 x 10'] = (lambda: ours(dem, horizon), 1)
        if arguments.peers:
            sides['rvt, sky-view factor, 16 x 10'] = (
                lambda: peer(arguments.peers, folder, 'rvt'),
                1,
            )
        spent: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(arguments.rounds):
            for side, (run, _) in sides.items():
                spent[side].append(run())
    print('| | CPU s | Mpix of layers per CPU s | fusionls is faster by |')
    print('|---|---|---|---|')
    rate = {s: layers * dem.size / np.median(spent[s]) / 1e6 for s, (_, layers) in sides.items()}
    for side in sides:
        base = 'fusionls, sky' if 'sky' in side else 'fusionls, nine'
        own = next(r for s, r in rate.items() if s.startswith(base))
        ratio = '' if side.startswith('fusionls') else f'{own / rate[side]:.1f}'
        print(f'| {side} | {np.median(spent[side]):.2f} | {rate[side]:.0f} | {ratio} |')


if __name__ == '__main__':
    main()
