"""How rough the ground is from cell to cell.

Flow: layers.terrain.neighbourhood -> [here] -> stack.
Source: Riley, DeGloria and Elliot (1999), A terrain ruggedness index, Intermountain J. Sci. 5;
Wilson et al. (2007), Marine Geodesy 30, roughness as the largest difference in 3x3 cells.
"""

from __future__ import annotations

import numpy as np

from fusionls.geo.raster import FloatArray
from fusionls.layers.terrain.neighbourhood import Neighbourhood


def ruggedness(around: Neighbourhood) -> FloatArray:
    """Root of the sum of squared differences to the eight neighbours, (H - 2, W - 2), metres."""
    parts = iter(around.above.values())
    total = np.square(next(parts))
    square = np.empty_like(total)
    for part in parts:
        total += np.square(part, out=square)
    root: FloatArray = np.sqrt(total, out=total)
    return root


def roughness(around: Neighbourhood) -> FloatArray:
    """Largest minus smallest of the nine cells, (H - 2, W - 2), metres."""
    rows = around.elevation  # three cells along, then three down: half of the comparisons
    found = []
    for furthest in (np.maximum, np.minimum):
        along = furthest(rows[:, :-2], rows[:, 1:-1])
        furthest(along, rows[:, 2:], out=along)
        down = furthest(along[:-2], along[1:-1])
        found.append(furthest(down, along[2:], out=down))
    spread: FloatArray = np.subtract(found[0], found[1], out=found[0])
    return spread
