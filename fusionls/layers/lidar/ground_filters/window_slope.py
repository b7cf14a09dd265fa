"""The filter by window and slope: a cell is ground that no neighbour lies steeply below.

Flow: lowest point per cell -> [here] -> BareEarth.
Source: the vegetation removal by moving window and slope threshold that reviews of landslide
mapping attribute to Ma et al.; their exact parameters were not found in a source that could be
read, so this is the method as described, with the slope test of Vosselman (2000), Slope based
filtering of laser altimetry data, IAPRS 33, eq. 1: a point is ground if no other within the
window lies lower by more than the slope allows at its distance.
Differs: on the grid of lowest points, window by window from the smallest, each on the ground the
one before left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.lidar.bare_earth import BareEarth
from fusionls.layers.lidar.ground_filters.surface import between_ground, cleaned
from fusionls.layers.lidar.interpolation import filled


@dataclass(frozen=True)
class WindowSlopeFilter:
    """Window and slope.

    Attributes:
        slope: Steepest ground, rise over run.
        windows: Radii, metres, from the smallest.
        least: Metres a cell may always stand above another.
        tolerance: Metres within which a point lies on flat ground.
        per_slope: Metres more per unit of slope.
    """

    slope: float = 1.0
    windows: tuple[float, ...] = (3.0, 9.0, 18.0)
    least: float = 0.3
    tolerance: float = 0.5
    per_slope: float = 1.0

    def bare_earth(self, lowest: FloatArray, valid: BoolArray, pixel: float) -> BareEarth:
        """See :class:`fusionls.layers.lidar.bare_earth.GroundFilter`."""
        surface, sound = cleaned(lowest, valid, pixel)
        ground = sound
        for radius in self.windows:
            reach = max(math.ceil(radius / pixel), 1)
            rows, cols = np.mgrid[-reach : reach + 1, -reach : reach + 1]
            # the lowest cone whose tip stands on any point of the window
            cone = self.least + self.slope * pixel * np.hypot(rows, cols)
            cone[reach, reach] = 0
            limit = ndimage.grey_erosion(
                surface, structure=-cone.astype(np.float32), mode='nearest'
            )
            kept = ground & (surface <= limit + 1e-4)
            if not kept.any():
                break
            ground = kept
            surface = filled(surface, ground, sweeps=0)
        return between_ground(surface, ground, pixel, self.tolerance, self.per_slope)
