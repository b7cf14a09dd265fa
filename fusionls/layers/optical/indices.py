"""Spectral indices: normalised differences of bands, bare soil, brightness.

Flow: optical bands of one grid -> [here] -> stack, loader.
Source: NDVI Rouse et al. (1974), NASA SP-351, p. 309; NDWI McFeeters (1996), Int. J. Remote
Sensing 17(7), eq. 1; NDMI Wilson and Sader (2002), Remote Sens. Environ. 80(3); NBR Key and
Benson (2006), USDA RMRS-GTR-164-CD; bare soil Rikimaru, Roy and Miyatake (2002), Tropical
Ecology 43(1), without their factor 100 and shift 100.
Differs: what lies below zero counts as zero, so that every index stays in [-1, 1]. Atmospheric
correction overshoots in deep shadow and over water, where the bare formula leaves that range
(0.003 and -0.001 give 2). Where all bands are zero there is no index.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusionls.geo.cell_size import Cell
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.spec import Plane, Wanted


def all_valid(parts: Sequence[Plane]) -> BoolArray:
    """(H, W), True where every part is valid."""
    valid = parts[0][1].copy()
    for _, sound in parts[1:]:
        valid &= sound
    return valid


def normalized_difference(
    more: Sequence[FloatArray], less: Sequence[FloatArray], valid: BoolArray
) -> Plane:
    """(sum of ``more`` - sum of ``less``) / (sum of both).

    Args:
        more: (H, W) each, reflectances or counts without an offset; anything where invalid.
        less: The same.
        valid: (H, W), where all of them are valid.

    Returns:
        (H, W) float32 in [-1, 1], zero where invalid; and valid, which is False where both sums
        are zero.

    Example:
        >>> near, red = np.float32([[0.3, 0.0]]), np.float32([[0.1, -0.01]])
        >>> index, sound = normalized_difference([near], [red], np.ones((1, 2), bool))
        >>> index.round(6).tolist(), sound.tolist()
        ([[0.5, 0.0]], [[True, False]])
    """
    zero = np.float32(0)

    def total(bands: Sequence[FloatArray]) -> FloatArray:
        found = np.zeros(valid.shape, np.float32)
        for band in bands:
            found += np.maximum(np.where(valid, band, zero), zero)
        return found

    above, below = total(more), total(less)
    both = above + below
    sound = valid & (both > 0)
    index = (above - below) / np.where(sound, both, np.float32(1))
    return np.where(sound, index, zero), sound


def difference_index_family(
    parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell
) -> list[Plane]:
    """Normalised difference of two bands: (first - second) / (first + second)."""
    (first, _), (second, _) = parts
    plane = normalized_difference([first], [second], all_valid(parts))
    return [plane for _ in wanted]


def bare_soil_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Bare soil index of swir1, red, nir and blue."""
    (swir1, _), (red, _), (nir, _), (blue, _) = parts
    plane = normalized_difference([swir1, red], [nir, blue], all_valid(parts))
    return [plane for _ in wanted]


def brightness_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Mean of the bands given, in their unit."""
    valid = all_valid(parts)
    total = np.zeros(valid.shape, np.float32)
    for values, _ in parts:
        total += np.where(valid, values, np.float32(0))
    return [(total / np.float32(len(parts)), valid) for _ in wanted]
