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
    for part in parts:
        total += np.square(part)
    return np.sqrt(total)


def roughness(around: Neighbourhood) -> FloatArray:
    """Largest minus smallest of the nine cells, (H - 2, W - 2), metres."""
    parts = list(around.above.values())
    highest, lowest = np.maximum(parts[0], 0), np.minimum(parts[0], 0)
    for part in parts[1:]:
        np.maximum(highest, part, out=highest)
        np.minimum(lowest, part, out=lowest)
    return highest - lowest
