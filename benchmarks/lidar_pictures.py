"""Hillshades of LiDAR tiles before and after the ground filter, and the canopy in between.

Voids of the surface are closed for the light alone; where the bare earth is not known it is grey.

Run:
    OMP_NUM_THREADS=1 python benchmarks/lidar_pictures.py TILE.laz [...] --out docs/lidar.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from fusionls.layers.derivation import derive
from fusionls.layers.lidar.interpolation import filled
from fusionls.sources.lidar.lidar_source import open_lidar
from fusionls.sources.source import Source

TITLES = ('hillshade before (surface)', 'hillshade after (bare earth)', 'canopy height')
GREY = '#bbbbbb'


def draw_tile(axes: np.ndarray, source: Source) -> AxesImage:
    """Three panels; what the last one's colours mean is given back."""
    values, valid = source.read()
    planes = dict(zip(source.layers, zip(values, valid, strict=True), strict=True))
    surface, hit = planes['lidar_surface']
    everywhere = np.ones(hit.shape, bool)
    before = {'terrain_elevation': (filled(surface, hit), everywhere)}
    shade, lit = derive(before, ['terrain_hillshade'], source.grid.pixel)['terrain_hillshade']
    near = hit | planes['lidar_ground'][1]
    after = derive(planes, ['lidar_hillshade', 'lidar_canopy_height'], source.grid.pixel)
    shown = [(shade, lit & near), after['lidar_hillshade'], after['lidar_canopy_height']]
    for ax, (layer, known), name in zip(axes, shown, TITLES, strict=True):
        ax.set_facecolor(GREY)
        ax.set(xticks=[], yticks=[])
        picture = np.where(known, layer, np.nan)
        if name == 'canopy height':
            drawn = ax.imshow(picture, cmap='viridis', vmin=0, vmax=25)
        else:
            drawn = ax.imshow(picture, cmap='gray', vmin=0, vmax=1)
    rows, cols = hit.shape
    density = planes['lidar_point_density'][0][hit].mean()
    axes[0].set_ylabel(
        f'{source.path.name}\n{cols * source.grid.pixel:.0f} x {rows * source.grid.pixel:.0f} m, '
        f'{density:.1f} points/m2',
        fontsize=7,
    )
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('tiles', type=Path, nargs='+')
    parser.add_argument('--out', type=Path, required=True)
    arguments = parser.parse_args()
    sources = [open_lidar([tile])[0] for tile in arguments.tiles]
    heights = [source.grid.rows / source.grid.cols for source in sources]
    figure = Figure(figsize=(9, 0.4 + 2.75 * sum(heights)), layout='constrained')
    axes = figure.subplots(len(sources), 3, squeeze=False, gridspec_kw={'height_ratios': heights})
    for row, source in zip(axes, sources, strict=True):
        colours = draw_tile(row, source)
    for ax, name in zip(axes[0], TITLES, strict=True):
        ax.set_title(name, fontsize=9)
    bar = figure.colorbar(colours, ax=axes[:, 2], shrink=0.6)
    bar.set_label('metres', fontsize=8)
    beside = arguments.out.with_name(f'.{arguments.out.name}')
    extra = {'quality': 70} if arguments.out.suffix in ('.jpg', '.jpeg') else {}
    figure.savefig(beside, dpi=95, format=arguments.out.suffix[1:], pil_kwargs=extra)
    beside.replace(arguments.out)
    print(f'{arguments.out}: {arguments.out.stat().st_size / 1000:.0f} kB')


if __name__ == '__main__':
    main()
