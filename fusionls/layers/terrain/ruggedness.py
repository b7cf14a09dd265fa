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
    """Root of the sum of squared differences to the eight neighbours, a run, metres."""
    root: FloatArray = np.sqrt(around.squared_rises)
    return root


def roughness(around: Neighbourhood) -> FloatArray:
    """Largest minus smallest of the nine cells, a run, metres."""
    highest = around.furthest(np.maximum)
    spread: FloatArray = np.subtract(highest, around.furthest(np.minimum), out=highest)
    return spread
