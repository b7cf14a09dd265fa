"""The default ground filter: a morphological one whose slope threshold follows the terrain.

Flow: lowest point per cell -> [here] -> BareEarth.
Source: the simple morphological filter, Pingel, Clarke and McBride (2013), ISPRS J. 77.
Differs: that filter has one slope threshold for a whole cloud; 0.15 suits flat ground and takes
the crests of steep ground for objects, 0.5 suits steep ground and takes low trees for ground. Here
a first, lenient pass tells how steep the terrain is around each cell, over some tens of metres,
which single objects hardly change, and the threshold of the second pass grows with it.

The four numbers are round ones from a coarse search on two sets at once: the six samples of the
ISPRS filter test at hand (mostly flat, towns) and simulated forest on steep ground with known
truth. benchmarks/ground_filters.py measures both, and on the samples also leaves each out of the
choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.lidar.bare_earth import BareEarth
from fusionls.layers.lidar.ground_filters.surface import (
    between_ground,
    cleaned,
    standing_out,
    steepness,
)

_LENIENT = 0.5
"""Slope threshold of the first pass."""
_GROWTH = 1.7
"""Growth of its windows: it need not find every object."""


@dataclass(frozen=True)
class AdaptiveFilter:
    """Morphological filter with a slope threshold per cell.

    Attributes:
        slope: Threshold on flat ground, rise over run.
        gain: How much it grows per unit of slope of the terrain beyond ``from_slope``.
        from_slope: Slope of the terrain up to which ground counts as flat.
        scale: Metres over which the slope of the terrain is smoothed.
        window: Largest radius of an object, metres.
        tolerance: Metres within which a point lies on flat ground.
        per_slope: Metres more per unit of slope.
    """

    slope: float = 0.2
    gain: float = 0.4
    from_slope: float = 0.1
    scale: float = 20.0
    window: float = 18.0
    tolerance: float = 0.5
    per_slope: float = 1.0

    def bare_earth(self, lowest: FloatArray, valid: BoolArray, pixel: float) -> BareEarth:
        """See :class:`fusionls.layers.lidar.bare_earth.GroundFilter`."""
        surface, sound = cleaned(lowest, valid, pixel)
        threshold = self.slope + self.gain * np.maximum(
            self._terrain_slope(surface, sound, pixel) - self.from_slope, 0
        )
        objects = standing_out(surface, pixel, self.window, lambda radius: threshold * radius)
        return between_ground(surface, sound & ~objects, pixel, self.tolerance, self.per_slope)

    def _terrain_slope(self, surface: FloatArray, sound: BoolArray, pixel: float) -> FloatArray:
        """Slope of the terrain around each cell, rise over run."""
        objects = standing_out(
            surface, pixel, self.window, lambda radius: _LENIENT * radius, _GROWTH
        )
        first = between_ground(surface, sound & ~objects, pixel, self.tolerance, self.per_slope)
        smooth = _smoothed(first.elevation, self.scale / 2 / pixel)
        return _smoothed(steepness(smooth, pixel), self.scale / pixel)


def _smoothed(values: FloatArray, sigma: float) -> FloatArray:
    """Two running means as wide as a Gaussian of that deviation (in cells), at a tenth of it."""
    width = max(round(sigma * 6**0.5), 1)
    once = ndimage.uniform_filter(values, width, mode='nearest')
    twice: FloatArray = ndimage.uniform_filter(once, width, mode='nearest')
    return twice
