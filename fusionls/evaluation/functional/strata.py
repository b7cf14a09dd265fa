"""Kinds of pixels that are scored apart: by slope, and by which modalities are valid there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.raster import BoolArray

SLOPE_EDGES = (10.0, 20.0, 30.0, 40.0)
"""Degrees; landslides start mostly between 20 and 45."""
UNKNOWN = 'slope unknown'


def class_names(edges: Sequence[float], unit: str) -> list[str]:
    """Names of the classes between edges, as ``'0 to 10 m'``, ``'10 to 20 m'``, ``'>= 20 m'``."""
    between = [f'{low:g} to {high:g} {unit}' for low, high in pairwise(edges)]
    return [f'0 to {edges[0]:g} {unit}', *between, f'>= {edges[-1]:g} {unit}']


def slope_strata(
    slope: NDArray[np.floating], valid: BoolArray, edges: Sequence[float] = SLOPE_EDGES
) -> Iterator[tuple[str, BoolArray]]:
    """Masks by class of slope, each name once, only classes that occur.

    Args:
        slope: (H, W) degrees; anything where invalid.
        valid: (H, W).
        edges: Ascending; a slope on an edge is in the steeper class.
    """
    place = np.where(valid, np.digitize(np.where(valid, slope, 0), edges), -1)
    names = [*(f'slope {name}' for name in class_names(edges, 'degrees')), UNKNOWN]
    for number in np.unique(place):  # -1 names the last
        yield names[number], place == number


def presence_strata(valid: Mapping[str, BoolArray]) -> Iterator[tuple[str, BoolArray]]:
    """Masks by the set of modalities that are valid, only sets that occur.

    Args:
        valid: (H, W) by modality, all of one shape.
    """
    names = sorted(valid)
    if not names:
        return
    code = sum(valid[name].astype(np.int64) << bit for bit, name in enumerate(names))
    for number in np.unique(code):
        present = [name for bit, name in enumerate(names) if number >> bit & 1]
        yield f'seen by {" + ".join(present) or "nothing"}', code == number
