"""Peak memory and speed of gridding a hundred million points.

A tile is repeated side by side until there are enough points, written as uncompressed LAS in
chunks into a temporary folder, and gridded: ground filter, bare earth, surface, densities. It is
read as a stack is built: window by window, on the cloud's own pixels.

Run:
    OMP_NUM_THREADS=1 python benchmarks/lidar_large.py TILE.laz [--points 100000000]
"""

from __future__ import annotations

import argparse
import math
import resource
import tempfile
import time
from pathlib import Path

import laspy
import numpy as np

from fusionls.geo.window import Window
from fusionls.sources.lidar.lidar_source import open_lidar
from fusionls.stack.build import WINDOW_COLS, WINDOW_ROWS


def repeated(tile: Path, out: Path, points: int) -> None:
    """Write copies of a tile, side by side in a square, mirrored so that their edges meet."""
    source = laspy.read(tile)
    copies = math.ceil(points / len(source))
    across = math.ceil(math.sqrt(copies))
    x, y = np.asarray(source.x), np.asarray(source.y)
    wide, high = np.ptp(x), np.ptp(y)
    header = laspy.LasHeader(point_format=source.point_format, version=source.header.version)
    header.scales, header.offsets = source.header.scales, source.header.offsets
    header.vlrs = source.header.vlrs
    with laspy.open(out, 'w', header=header) as writer:
        for copy in range(copies):
            row, col = divmod(copy, across)
            record = source.points.copy()
            moved_x = (x.max() - x if col % 2 else x - x.min()) + x.min() + col * wide
            moved_y = (y.max() - y if row % 2 else y - y.min()) + y.min() + row * high
            record['X'] = np.rint((moved_x - header.offsets[0]) / header.scales[0])
            record['Y'] = np.rint((moved_y - header.offsets[1]) / header.scales[1])
            writer.write_points(record)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('tile', type=Path)
    parser.add_argument('--points', type=int, default=100_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / 'large.las'
        repeated(arguments.tile, path, arguments.points)
        size = path.stat().st_size
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        source = open_lidar([path])[0]
        gridded = source.on(source.grid)
        rows, cols = gridded.grid.shape
        ground = 0
        for row in range(0, rows, WINDOW_ROWS):
            for col in range(0, cols, WINDOW_COLS):
                height, width = min(WINDOW_ROWS, rows - row), min(WINDOW_COLS, cols - col)
                ground += np.count_nonzero(gridded.read(Window(row, col, height, width))[1][0])
        spent = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    points = source.cloud.points
    print('| points | file GB | cells | peak GiB | CPU s | kpts per CPU s | valid ground |')
    print('|---|---|---|---|---|---|---|')
    print(
        f'| {points} | {size / 1e9:.2f} | {rows} x {cols} | '
        f'{peak / 2**20:.2f} | {spent:.0f} | {points / spent / 1000:.0f} | '
        f'{ground / rows / cols:.1%} |'
    )
    if before >= peak:
        print('writing the file took more memory than gridding it: the peak is that of writing')


if __name__ == '__main__':
    main()
