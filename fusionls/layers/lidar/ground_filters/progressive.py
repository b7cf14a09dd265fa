"""The progressive morphological filter.

Flow: lowest point per cell -> [here] -> BareEarth.
Source: Zhang et al. (2003), A progressive morphological filter for removing nonground
measurements from airborne LIDAR data, IEEE TGRS 41(4), eq. 4 and 7: windows grow exponentially,
the height threshold is dh0 for the first, s (w_k - w_{k-1}) c + dh0 after, and dh_max at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.lidar.bare_earth import BareEarth
from fusionls.layers.lidar.ground_filters.surface import between_ground, cleaned
from fusionls.layers.lidar.openings import opened


@dataclass(frozen=True)
class ProgressiveMorphologicalFilter:
    """PMF.

    Attributes:
        slope: s, rise over run.
        first: dh0, metres.
        most: dh_max, metres.
        window: Largest window, metres.
        base: b, by which windows grow: 2 b^k + 1 cells, two more at least.
        tolerance: Metres within which a point lies on the ground.
    """

    slope: float = 1.0
    first: float = 0.15
    most: float = 2.5
    window: float = 33.0
    base: float = 2.0
    tolerance: float = 0.3

    def bare_earth(self, lowest: FloatArray, valid: BoolArray, pixel: float) -> BareEarth:
        """See :class:`fusionls.layers.lidar.bare_earth.GroundFilter`."""
        surface, sound = cleaned(lowest, valid, pixel)
        objects = np.zeros(surface.shape, bool)
        last, before, reach, step = surface, 0, 1, 0
        while (size := 2 * reach + 1) * pixel <= max(self.window, 3 * pixel):
            grown = (size - before) * pixel * self.slope if step else 0.0
            lower = opened(last, reach)
            objects |= last - lower > min(grown + self.first, self.most)
            last, before, step = lower, size, step + 1
            reach = max(int(self.base**step), reach + 1)
        return between_ground(surface, sound & ~objects, pixel, self.tolerance, 1.0)
