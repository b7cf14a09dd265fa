"""How right and how fast the InSAR layers are, and what damaged HDF5 files do to a reader.

Layers: Sentinel-1 (incidence 39, headings -12 and -168 degrees), ground moving 10 mm/yr down its
slope, noise of 1 mm/yr along the line of sight, slopes of 5 to 60 degrees times all aspects, all
through ``fusionls.layers.derivation``. Valley: the simulated valley of demo/insar_maps.py against
the speeds in its inventory. Damage: files of each layout with random bytes changed or the end cut
off, read without and with the trial of sources.insar.hdf5_trial.

Run:
    OMP_NUM_THREADS=1 python benchmarks/insar.py [--draws 200] [--damaged 1500] [--valley STACK]
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fusionls.errors import FusionlsError
from fusionls.geo.vector_io import read_polygons
from fusionls.layers.derivation import derive
from fusionls.layers.insar import los_from_enu, los_from_heading
from fusionls.layers.insar.motion import downslope_vector
from fusionls.layers.spec import Plane
from fusionls.sources.insar import hdf5_grid
from fusionls.sources.insar.mintpy import open_mintpy
from fusionls.stack.layer_stack import LayerStack

TRACKS = {'asc': -12.0, 'desc': -168.0}
INCIDENCE = 39.0
SPEED, NOISE = 10.0, 1.0  # mm/yr
CELL = 10.0
ACTIVE = 5.0  # mm/yr; slower bodies are lost in the noise


def normals(slope: np.ndarray, aspect: np.ndarray) -> dict[str, Plane]:
    """Components of the ground's unit normal as layers."""
    sine, bearing = np.sin(np.radians(slope)), np.radians(aspect)
    return {
        'terrain_normal_east': _plane(sine * np.sin(bearing)),
        'terrain_normal_north': _plane(sine * np.cos(bearing)),
    }


def seen(layers: dict[str, Plane], heading: float) -> np.ndarray:
    """What a track sees of the motion down the slope, mm/yr."""
    normal = (layers[f'terrain_normal_{way}'][0].astype(float) for way in ('east', 'north'))
    vector, _ = downslope_vector(*normal)
    los = los_from_heading(INCIDENCE, heading)
    return SPEED * los_from_enu(vector, los.reshape(3, 1, 1))


def _plane(values: np.ndarray) -> Plane:
    return values.astype(np.float32), np.ones(values.shape, bool)


def tracks(layers: dict[str, Plane], noise: float) -> dict[str, Plane]:
    """Velocities, deviations and lines of sight of both tracks."""
    rng = np.random.default_rng(0)
    found = dict(layers)
    for name, heading in TRACKS.items():
        velocity = seen(layers, heading)
        velocity = velocity + rng.normal(0, noise, velocity.shape)
        found[f'insar_velocity_los_{name}'] = _plane(velocity / 1000)
        found[f'insar_velocity_std_{name}'] = _plane(np.full(velocity.shape, NOISE / 1000))
        los = los_from_heading(INCIDENCE, heading)
        for way, component in zip(('east', 'north', 'up'), los, strict=True):
            found[f'insar_los_{way}_{name}'] = _plane(np.full(velocity.shape, component))
    return found


def pins() -> None:
    """A slope of 30 degrees that faces east and west, from both tracks."""
    slope, aspect = np.full((1, 2), 30.0), np.array([[90.0, 270.0]])
    for name, heading in TRACKS.items():
        east, west = seen(normals(slope, aspect), heading)[0]
        print(f'pins {name}: east-facing {east:+.2f}, west-facing {west:+.2f} mm/yr')


def accuracy(draws: int) -> None:
    """Root mean square error, bias, worst and share kept, by way of estimating."""
    slope, aspect = np.meshgrid(np.arange(5, 61, 5.0), np.arange(0, 360, 5.0), indexing='ij')
    slope, aspect = (np.repeat(axis, draws, axis=1) for axis in (slope, aspect))
    layers = tracks(normals(slope, aspect), NOISE)
    for name in (
        'insar_velocity_downslope_asc',
        'insar_velocity_downslope_c0p2_asc',
        'insar_downslope_two_tracks',
        'insar_downslope_two_tracks_weighted',
    ):
        started = time.process_time()
        values, valid = derive(layers, [name], CELL)[name]
        speed = slope.size / (time.process_time() - started) / 1e6
        error = 1000 * values[valid] - SPEED
        print(
            f'{name}: RMSE {np.sqrt(np.mean(error**2)):.2f}, bias {error.mean():+.3f}, worst '
            f'{np.abs(error).max():.1f} mm/yr, kept {valid.mean():.1%}, {speed:.1f} Mpix/s'
        )
    clean = tracks(normals(slope, aspect), 0.0)
    values, valid = derive(clean, ['insar_downslope_two_tracks'], CELL)[
        'insar_downslope_two_tracks'
    ]
    worst = np.abs(1000 * values[valid] - SPEED).max()
    print(f'without noise, float32 layers: worst {worst:.1e} mm/yr')


def valley(folder: Path) -> None:
    """Velocity down the slope in each active body of the simulated valley, against its speed."""
    stack = LayerStack.open(folder)
    values, valid = stack.read(stack.grid.window)['insar']
    velocity = 1000 * values[stack.modalities['insar'].layers.index('insar_velocity_downslope')]
    bodies = read_polygons(folder.parent / 'raw' / 'valley' / 'inventory.gpkg', layer='landslides')
    step = stack.modalities['insar'].grid.pixel
    grid = stack.grid
    told, found = [], []
    for body in bodies.itertuples():
        if body.speed_mm_yr < ACTIVE:
            continue
        east, north = body.geometry.representative_point().coords[0]
        row, col = int((grid.north - north) / step), int((east - grid.west) / step)
        around = np.s_[max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2]
        if valid[around].any():
            told.append(body.speed_mm_yr)
            found.append(np.median(velocity[around][valid[around]]))
    ratio = np.array(found) / np.array(told)
    print(
        f'valley: {len(told)} active bodies that the track sees, velocity over true speed: median '
        f'{np.median(ratio):.2f}, quartiles {np.percentile(ratio, 25):.2f} to '
        f'{np.percentile(ratio, 75):.2f}, of the right sign {np.mean(ratio > 0):.0%}'
    )


def damage(count: int, folder: Path) -> None:
    """What happens to a reader of damaged files, without and with the trial."""
    for layout, options in {
        'contiguous': {},
        'chunks, lzf': {'chunks': (3, 4), 'compression': 'lzf'},
        'chunks, gzip, latest': {'chunks': (3, 4), 'compression': 'gzip'},
    }.items():
        sound = folder / 'sound.h5'
        write_velocity(sound, 'latest' if 'latest' in layout else None, options)
        for trial in ('without', 'with'):
            outcomes: Counter[str] = Counter()
            seed = 0
            while seed < count:
                child = subprocess.run(
                    [sys.executable, __file__, '--child', str(sound), str(seed), str(count), trial],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    check=False,
                )
                lines = child.stdout.split('\n')[:-1]
                outcomes.update(lines)
                seed += len(lines)
                if child.returncode:
                    outcomes['process ended'] += 1
                    seed += 1
            print(f'{layout}, {trial} trial: {dict(outcomes)}')


def write_velocity(path: Path, version: str | None, options: Mapping[str, Any]) -> None:
    """A small velocity.h5 as MintPy lays it out."""
    told = {
        'FILE_TYPE': 'velocity', 'UNIT': 'm/year', 'LENGTH': '6', 'WIDTH': '8', 'EPSG': '4326',
        'X_FIRST': '10.0', 'Y_FIRST': '45.0', 'X_STEP': '0.001', 'Y_STEP': '-0.001',
    }  # fmt: skip
    with h5py.File(path, 'w', libver=version) as file:
        for key, value in told.items():
            file.attrs[key] = value
        values = np.linspace(0.01, 0.02, 48, dtype=np.float32).reshape(6, 8)
        for name in ('velocity', 'velocityStd'):
            file.create_dataset(name, data=values, **options)


def child(sound: Path, first: int, last: int, trial: str) -> None:
    """Damage a file by one seed after the other and read it; a line each."""
    if trial == 'without':
        hdf5_grid.harm_of = lambda path, seconds=0.0: None
    whole, path = sound.read_bytes(), sound.with_name('damaged.h5')
    for seed in range(first, last):
        draw = random.Random(seed)
        found = bytearray(whole)
        if draw.random() < 0.2:
            found = found[: draw.randrange(len(found))]
        else:
            for _ in range(draw.choice([1, 1, 2, 4, 16])):
                found[draw.randrange(len(found))] = draw.randrange(256)
        path.write_bytes(found)
        try:
            for source in open_mintpy(path):
                source.read()
            outcome = 'read'
        except FusionlsError as error:
            outcome = 'refused by the trial' if 'the process that' in str(error) else 'clear error'
        except Exception as error:
            outcome = type(error).__name__
        print(outcome, flush=True)


def main() -> None:
    """Print every figure."""
    if sys.argv[1:2] == ['--child']:
        child(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--draws', type=int, default=200, help='of the noise, per slope and aspect')
    parser.add_argument('--damaged', type=int, default=0, help='files of each layout')
    parser.add_argument('--valley', type=Path, help='stack that demo/insar_maps.py built')
    args = parser.parse_args()
    pins()
    accuracy(args.draws)
    if args.valley:
        valley(args.valley)
    if args.damaged:
        with tempfile.TemporaryDirectory() as folder:
            damage(args.damaged, Path(folder))


if __name__ == '__main__':
    main()
