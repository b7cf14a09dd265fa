"""How the ground bends: along the slope, across it, and on average.

Flow: layers.terrain.neighbourhood -> [here] -> stack.
Source: Zevenbergen and Thorne (1987), Earth Surf. Process. Landf. 12, eq. 14 and 15 (profile and
planform), without their factor 100 of later software.
Differs: unit 1/m, and positive where the ground is convex upward (a ridge, the upper edge of a
scarp), negative where it is concave. These are second derivatives along directions of the map
plane, not curvatures of the slanted surface. Flat ground has no direction: both are the mean.
"""

from __future__ import annotations

import numpy as np

from fusionls.geo.raster import FloatArray
from fusionls.layers.terrain.neighbourhood import Neighbourhood


def mean_curvature(around: Neighbourhood) -> FloatArray:
    """Minus half the Laplacian, a run, 1/m: the mean of profile and plan."""
    across, along, _ = around.second
    return np.float32(-0.5) * (across + along)


def profile_curvature(around: Neighbourhood) -> FloatArray:
    """Minus the second derivative along the line of steepest slope, a run, 1/m."""
    return -around.along_slope


def plan_curvature(around: Neighbourhood) -> FloatArray:
    """Minus the second derivative along the contour, a run, 1/m.

    The Laplacian is the same in any pair of perpendicular directions, so it is what the profile
    leaves of it.
    """
    across, along, _ = around.second
    return around.along_slope - across - along
