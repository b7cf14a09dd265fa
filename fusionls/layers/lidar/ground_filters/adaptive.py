"""The default ground filter: what stands out of the terrain's own trend, and is cut off from it.

Flow: lowest point per cell -> [here] -> BareEarth.
Source: openings with a slope threshold as in the simple morphological filter, Pingel, Clarke and
McBride (2013), ISPRS J. 77.
Differs: that filter has one slope threshold for a whole cloud; 0.15 suits flat ground and takes
the crests of steep ground for objects, 0.5 suits steep ground and takes low trees for ground. Here
- the threshold counts from the terrain's trend, which a first, lenient pass finds: a hillside
  of 45 degrees is then as flat as a street, and one threshold serves both;
- what stands out of the trend and yet goes over into ground without a jump (the upper edge of a
  terrace or of a scarp, a sharp crest) stays ground, unless it stands far out of the surface
  itself: a house or a tree is cut off all around.

The numbers are chosen on more than the samples that accuracy is stated for: those six (mostly
flat, towns), the same laid on hillsides and ridges, and simulated steep forest, villages,
terraces and low outliers. benchmarks/ground_filter.py measures all of them, leaves each out of
the choice in turn, and benchmarks/lidar.md has the figures.
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
    plane_through,
    standing_out,
)
from fusionls.layers.lidar.interpolation import filled, smoothed

_LENIENT = 0.5
"""Slope threshold of passes that need not find every object."""
_GROWTH = 1.7
"""Growth of their windows."""


@dataclass(frozen=True)
class AdaptiveFilter:
    """Morphological filter about the trend of the terrain.

    Attributes:
        slope: Rise over run above the trend beyond which a cell stands out.
        jump: Rise over run from cell to cell up to which ground goes on.
        scale: Metres over which the trend is smooth.
        window: Largest radius of an object, metres.
        tolerance: Metres within which a point lies on flat ground.
        per_slope: Metres more per unit of slope.
    """

    slope: float = 0.2
    jump: float = 0.15
    scale: float = 15.0
    window: float = 18.0
    tolerance: float = 0.5
    per_slope: float = 0.75

    def bare_earth(self, lowest: FloatArray, valid: BoolArray, pixel: float) -> BareEarth:
        """See :class:`fusionls.layers.lidar.bare_earth.GroundFilter`."""
        surface, sound = cleaned(lowest, valid, pixel)
        trend = self._trend(surface, sound, pixel)
        above = surface - trend
        objects = standing_out(above, pixel, self.window, lambda radius: self.slope * radius)
        ground = _joined(surface, above, objects, self.jump * pixel)
        ground &= ~self._far_out(surface, pixel)
        return between_ground(
            surface, sound & (ground | ~objects), pixel, self.tolerance, self.per_slope, trend
        )

    def _trend(self, surface: FloatArray, sound: BoolArray, pixel: float) -> FloatArray:
        """The terrain without its detail, and without most of its objects."""
        plane = plane_through(surface, sound)
        above = surface - plane
        ground = sound & ~self._far_out(above, pixel)
        if not ground.any():
            return plane
        return plane + smoothed(filled(above, ground, sweeps=0), self.scale / pixel)

    def _far_out(self, surface: FloatArray, pixel: float) -> BoolArray:
        return standing_out(surface, pixel, self.window, lambda radius: _LENIENT * radius, _GROWTH)


def _joined(surface: FloatArray, above: FloatArray, objects: BoolArray, jump: float) -> BoolArray:
    """Objects that a path without jumps joins to the ground.

    Args:
        surface: (H, W) metres.
        above: (H, W) metres above the trend; a step counts by the smaller of both.
        objects: (H, W) cells that stand out.
        jump: Metres from cell to cell.
    """
    rows, cols = surface.shape
    # cells on even places, the steps between them on odd ones: paths are labels then
    paths = np.zeros((2 * rows - 1, 2 * cols - 1), bool)
    paths[::2, ::2] = True
    for axis, steps in ((0, paths[1::2, ::2]), (1, paths[::2, 1::2])):
        step = np.minimum(np.abs(np.diff(surface, axis=axis)), np.abs(np.diff(above, axis=axis)))
        before, after = np.delete(objects, -1, axis), np.delete(objects, 0, axis)
        steps[...] = (step <= jump) & (before | after)
    labels, count = ndimage.label(paths)
    labels = labels[::2, ::2]
    reaches_ground = np.zeros(count + 1, bool)
    reaches_ground[labels[~objects]] = True
    found: BoolArray = reaches_ground[labels]
    return found
