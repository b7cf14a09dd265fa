"""What one radar track sees of a moving slope: the line of sight and its sign.

Flow: motion of the ground -> [here] -> sensors.
Source: look geometry of MintPy (insarlab/MintPy, ``utils0.py``), with the heading of a
    right-looking satellite; downslope unit vector as in Notti et al. (2014), NHESS 14, eq. 2,
    with the sign turned so that motion toward the satellite is positive.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]

INCIDENCE = 39.0
"""Degrees from vertical at the ground: the middle of Sentinel-1's interferometric wide swath."""
HEADING = -12.0
"""Flight direction of an ascending Sentinel-1 track, degrees clockwise from north."""
BLIND_BELOW = 0.3
"""Least share |C| of a downslope motion that is called visible (Herrera et al. 2013)."""


def line_of_sight(incidence: float = INCIDENCE, heading: float = HEADING) -> Field:
    """Unit vector from the ground to a right-looking satellite.

    Args:
        incidence: Degrees from vertical.
        heading: Flight direction, degrees clockwise from north.

    Returns:
        (3,) east, north, up; motion along it is positive.
    """
    inc = np.radians(incidence)
    azimuth = np.radians(90.0 - heading)  # of ground to satellite, anticlockwise from north
    return np.array([-np.sin(inc) * np.sin(azimuth), np.sin(inc) * np.cos(azimuth), np.cos(inc)])


def downslope_visibility(slope: Field | float, aspect: Field | float) -> Field:
    """Share C of a downslope motion that shows in the line of sight.

    One track is blind on a third of all slopes (|C| < 0.3), worst on those that face along the
    flight direction and on steep ones that face the satellite; real and not removed here.

    Args:
        slope: Degrees.
        aspect: Direction of descent, degrees clockwise from north.

    Returns:
        C in [-1, 1], positive toward the satellite.
    """
    tilt, bearing = np.radians(slope), np.radians(aspect)
    east, north, up = line_of_sight()
    return np.asarray(
        east * np.cos(tilt) * np.sin(bearing)
        + north * np.cos(tilt) * np.cos(bearing)
        - up * np.sin(tilt)
    )
