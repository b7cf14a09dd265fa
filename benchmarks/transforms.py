"""What each transform costs: CPU milliseconds for a tile of seven bands, one thread.

The tile is that of the Mars configs: 192 pixels of optical (4 bands), terrain (elevation, slope)
and thermal, all of one pixel size, a tenth invalid; warps read 320 pixels and give 192. Values
are made up, so no data set is needed; the time of no transform depends on them.

Run: OMP_NUM_THREADS=1 python benchmarks/transforms.py [--rounds 40]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from fusionls.datasets.tile_dataset import TileDataset
from fusionls.datasets.transforms import (
    CircleTile,
    DeriveLayers,
    DropBlocks,
    DropModalities,
    DropPixels,
    JitterLayers,
    LoadTile,
    NoiseLayers,
    PasteLandslides,
    TurnTile,
    WarpTile,
)
from fusionls.testing import made_up_scene
from fusionls.testing.scenes import ArrayModality, ArrayScene

LAYERS = {
    'optical': ('optical_red', 'optical_green', 'optical_blue', 'optical_grey'),
    'terrain': ('terrain_elevation', 'terrain_slope'),
    'thermal': ('thermal_inertia',),
}
BANDS = [name for names in LAYERS.values() for name in names]
SIZE, CONTEXT, SIDE = 192, 64, 1024
LOCAL = ['terrain_slope', 'terrain_aspect_sin', 'terrain_aspect_cos', 'terrain_hillshade']
ALL_LOCAL = [
    *LOCAL, 'terrain_normal_east', 'terrain_normal_north', 'terrain_hillshade_multi',
    'terrain_curvature_profile', 'terrain_curvature_plan', 'terrain_tri', 'terrain_roughness',
]  # fmt: skip


class MadeUp(TileDataset):
    """Tiles of one made-up scene whose landslides are small and lie on slopes."""

    def open_scenes(self) -> list[tuple[Any, None]]:
        """Round landslides every 64 pixels, on ground that falls evenly with hills on it."""
        scene = made_up_scene(LAYERS, shape=(SIDE, SIDE), holes=0.1)
        rows, cols = np.indices((SIDE, SIDE))
        labels = (np.hypot(rows % 64 - 32, cols % 64 - 32) < 9).astype(np.uint8)
        parts = dict(scene.modalities)
        old = parts['terrain']
        hills = ndimage.gaussian_filter(old.values[0], 6) * 4 + rows * 3.0
        values = np.stack([hills * old.valid, old.values[1]]).astype(np.float32)
        parts['terrain'] = ArrayModality(old.layers, values, old.valid, old.factor, old.quantities)
        return [(ArrayScene(scene.name, parts, labels), None)]


def costs(data: TileDataset, pipeline: list[Any], rounds: int) -> float:
    """CPU milliseconds a tile of the last transform of a pipeline, the median of the rounds."""
    *before, last = pipeline
    spent = []
    for index in range(rounds + 2):
        data.pipeline.transforms = before
        results = data[index % len(data)]
        start = time.process_time_ns()
        last.transform(results)
        spent.append((time.process_time_ns() - start) / 1e6)
    return float(np.median(spent[2:]))


def cases() -> dict[str, list[Callable[..., Any]]]:
    """What is timed: the last transform of each pipeline."""
    load, wide = LoadTile(), LoadTile(context=CONTEXT)
    noisy = dict.fromkeys(BANDS, 1.0)
    # any ground agrees, so that every tile is pasted on
    anywhere = dict(pipeline=[LoadTile()], probability=1.0, most_slope=90.0, most_aspect=180.0)
    paste = PasteLandslides(modalities=['optical', 'thermal'], **anywhere)
    forms = PasteLandslides(modalities=['optical', 'terrain', 'thermal'], **anywhere)
    return {
        f'LoadTile, {SIZE} px': [load],
        f'LoadTile, {SIZE + 2 * CONTEXT} px': [wide],
        'TurnTile': [load, TurnTile()],
        f'WarpTile, {SIZE + 2 * CONTEXT} to {SIZE} px': [
            wide, WarpTile(size=SIZE, scale=(0.85, 1.15)),
        ],
        f'CircleTile, {SIZE + 2 * CONTEXT} to {SIZE} px': [wide, CircleTile(size=SIZE)],
        'DeriveLayers, 4 local layers': [load, DeriveLayers(layers={'terrain': LOCAL})],
        'DeriveLayers, 11 local layers': [load, DeriveLayers(layers={'terrain': ALL_LOCAL})],
        'JitterLayers, 7 layers': [load, JitterLayers(gain=0.1, offset=noisy)],
        'NoiseLayers, 7 layers, white': [load, NoiseLayers(deviation=noisy)],
        'NoiseLayers, 7 layers, over 12 px': [load, NoiseLayers(deviation=noisy, length=12)],
        'DropModalities': [load, DropModalities(probability=0.2)],
        'DropPixels, every modality': [load, DropPixels(share=0.5)],
        **{
            f'DropBlocks, every modality, {shape}': [
                load, DropBlocks(share=0.4, shapes={m: [shape] for m in LAYERS}),
            ]
            for shape in ('swath_edge', 'cloud', 'low_coherence')
        },
        'PasteLandslides, surface (reads a tile)': [load, paste],
        'PasteLandslides, with its form (reads a tile)': [load, forms],
    }  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=40)
    rounds = parser.parse_args().rounds
    data = MadeUp(layers=LAYERS, tile=SIZE)
    print('| transform | CPU ms a tile |\n|---|---|')
    for name, pipeline in cases().items():
        print(f'| {name} | {costs(data, pipeline, rounds):.2f} |')


if __name__ == '__main__':
    main()
