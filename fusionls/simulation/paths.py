"""Cheapest ways over a raster: how the river and the roads find theirs.

Flow: a cost per pixel -> [here] -> terrain (river), cover (roads).
Source: Dijkstra (1959), as in ``scipy.sparse.csgraph``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from fusionls.simulation.fields import Field


def least_cost_path(
    cost: Field,
    starts: Sequence[tuple[int, int]],
    stop: tuple[int, int],
    step: int,
    shape: tuple[int, ...],
) -> NDArray[np.int64]:
    """The cheapest way from any of some cells of a coarse raster to one, in pixels of the fine one.

    Args:
        cost: (rows, cols) of the coarse raster, > 0 per unit of length.
        starts: Rows and columns of cells; the way begins at the one with the cheapest way.
        stop: Row and column of the last cell.
        step: Fine pixels per coarse one.
        shape: Rows, columns of the fine raster.

    Returns:
        (n, 2) rows and columns of neighbouring fine pixels, both ends on an edge of the raster
        if the cells are on one.
    """
    rows, cols = cost.shape
    number = np.arange(rows * cols).reshape(rows, cols)
    ends, weights = [], []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = (slice(0, rows - down), slice(max(0, -right), cols - max(0, right)))
        b = (slice(down, rows), slice(max(0, right), cols + min(0, right)))
        ends.append(np.stack([number[a].ravel(), number[b].ravel()]))
        weights.append(np.hypot(down, right) * (cost[a] + cost[b]).ravel() / 2)
    first, second = np.concatenate(ends, axis=1)
    graph = coo_array((np.concatenate(weights), (first, second)), shape=(number.size,) * 2)
    total, before = dijkstra(
        graph.tocsr(), directed=False, indices=int(number[stop]), return_predecessors=True
    )
    chain = [min((int(number[cell]) for cell in starts), key=lambda node: float(total[node]))]
    while chain[-1] != number[stop]:
        chain.append(int(before[chain[-1]]))
    cells = np.stack(np.unravel_index(chain, cost.shape), axis=1).astype(np.float64)
    return _curve(cells, cost.shape, step, shape)


def _curve(
    cells: Field, coarse: tuple[int, ...], step: int, shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """Round the corners of a chain of cells and draw it in fine pixels, out to the edges."""
    last = np.array(coarse) - 1
    points = (cells + 0.5) * step
    for end in (0, -1):
        for axis in (0, 1):
            if cells[end, axis] == 0:
                points[end, axis] = 0.0
            elif cells[end, axis] == last[axis]:
                points[end, axis] = shape[axis] - 1.0
    inner = gaussian_filter1d(points, 1.5, axis=0, mode='nearest')
    inner[[0, -1]] = points[[0, -1]]
    along = np.linspace(0.0, 1.0, len(inner))
    order = min(3, len(inner) - 1)
    fine = make_interp_spline(along, inner, k=order)(np.linspace(0.0, 1.0, len(inner) * step * 3))
    pixels = np.rint(fine).astype(np.int64).clip(0, np.array(shape) - 1)
    moved = np.r_[True, np.any(np.diff(pixels, axis=0) != 0, axis=1)]
    return pixels[moved]
