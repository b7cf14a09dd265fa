"""The simple morphological filter with one slope threshold for the whole cloud.

Flow: lowest point per cell -> [here] -> BareEarth.
Source: Pingel, Clarke and McBride (2013), ISPRS J. 77, and the defaults of their single set.
Differs: square windows instead of discs (a tenth of the time, and no worse on the ISPRS samples);
voids filled by pull-push instead of by a spring metaphor; low outliers as for all filters here.
"""

from __future__ import annotations

from dataclasses import dataclass

from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.lidar.bare_earth import BareEarth
from fusionls.layers.lidar.ground_filters.surface import between_ground, cleaned, standing_out


@dataclass(frozen=True)
class SimpleMorphologicalFilter:
    """SMRF.

    Attributes:
        slope: Threshold, rise over run.
        window: Largest radius of an object, metres.
        tolerance: Metres within which a point lies on flat ground.
        per_slope: Metres more per unit of slope.
    """

    slope: float = 0.15
    window: float = 18.0
    tolerance: float = 0.5
    per_slope: float = 1.25

    def bare_earth(self, lowest: FloatArray, valid: BoolArray, pixel: float) -> BareEarth:
        """See :class:`fusionls.layers.lidar.bare_earth.GroundFilter`."""
        surface, sound = cleaned(lowest, valid, pixel)
        objects = standing_out(surface, pixel, self.window, lambda radius: self.slope * radius)
        return between_ground(surface, sound & ~objects, pixel, self.tolerance, self.per_slope)
