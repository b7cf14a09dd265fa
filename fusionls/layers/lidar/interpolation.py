"""Fill the cells of a grid that hold nothing, smoothly, from all sides; and smooth a grid.

Flow: values of some cells -> [here] -> layers.lidar, sources.lidar.
Source: the pull-push method, Gortler et al. (1996), The Lumigraph, SIGGRAPH, section 3.5.2: means
of ever coarser grids (pull) fill the voids of the finer ones (push); then a few sweeps of
Laplace's equation over what was filled.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from fusionls.geo.raster import BoolArray, FloatArray

_SWEEPS = 8


def filled(values: FloatArray, valid: BoolArray, sweeps: int = _SWEEPS) -> FloatArray:
    """Fill invalid cells.

    Args:
        values: (H, W); anything where invalid.
        valid: (H, W), one cell at least.
        sweeps: Of relaxation afterwards.

    Returns:
        (H, W) float32: valid cells as they are, the others within the range of the valid ones.

    Raises:
        ValueError: No cell is valid.
    """
    if not valid.any():
        raise ValueError('no cell is valid, so there is nothing to fill the others from')
    known = np.where(valid, values, np.float32(0)).astype(np.float32)
    found = _pushed(known, valid)
    voids = ~valid
    if not voids.any():
        return found
    for _ in range(sweeps):
        around = ndimage.uniform_filter(found, 3, mode='nearest')
        np.copyto(found, around, where=voids)
    return found


def _pushed(known: FloatArray, valid: BoolArray) -> FloatArray:
    if valid.all():
        return known.copy()
    rows, cols = known.shape
    padded = np.zeros((rows + rows % 2, cols + cols % 2), np.float32)
    weight = np.zeros(padded.shape, np.float32)
    padded[:rows, :cols], weight[:rows, :cols] = known, valid
    count = _sums_of_four(weight)
    mean = _sums_of_four(padded) / np.maximum(count, 1)
    coarse = _pushed(mean, count > 0)
    fine = _doubled(coarse)[:rows, :cols]
    return np.where(valid, known, fine)


def _sums_of_four(values: FloatArray) -> FloatArray:
    """Half the size, each the sum of the four cells it covers."""
    upper = values[::2, ::2] + values[::2, 1::2]
    lower = values[1::2, ::2] + values[1::2, 1::2]
    found: FloatArray = upper + lower
    return found


def _doubled(coarse: FloatArray) -> FloatArray:
    """Twice the size, bilinear between the middles of cells."""
    fine = coarse
    for axis in (0, 1):
        edge = np.pad(fine, [(1, 1) if a == axis else (0, 0) for a in (0, 1)], mode='edge')
        size = fine.shape[axis]
        before, here, after = (edge.take(range(start, start + size), axis) for start in (0, 1, 2))
        near = np.float32(0.75) * here
        pair = [near + np.float32(0.25) * before, near + np.float32(0.25) * after]
        shape = list(fine.shape)
        shape[axis] *= 2
        fine = np.stack(pair, axis + 1).reshape(shape)
    return fine


def smoothed(values: FloatArray, sigma: float) -> FloatArray:
    """Two running means as wide as a Gaussian of that deviation, at a tenth of its cost.

    Beyond the edge the surface goes on as it came (odd reflection), so that a plane stays one.

    Args:
        values: (H, W).
        sigma: Cells.
    """
    half = max(round(sigma * 6**0.5) // 2, 1)  # an odd width: an even one moves by half a cell
    found = np.pad(values, 2 * half, mode='reflect', reflect_type='odd')
    for _ in range(2):
        found = ndimage.uniform_filter(found, 2 * half + 1, mode='nearest')
    smooth: FloatArray = found[2 * half : -2 * half, 2 * half : -2 * half]
    return smooth
