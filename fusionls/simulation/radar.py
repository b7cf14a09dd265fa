"""What one radar track sees of a moving slope: the line of sight and its sign.

Flow: motion of the ground -> [here] -> sensors.
Source: layers.insar, where the sign of the line of sight has its one home.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusionls.layers.insar.line_of_sight import los_from_enu, los_from_heading
from fusionls.layers.insar.motion import downslope_vector

Field = NDArray[np.float64]

INCIDENCE = 39.0
"""Degrees from vertical at the ground: the middle of Sentinel-1's interferometric wide swath."""
HEADING = -12.0
"""Flight direction of an ascending Sentinel-1 track, degrees clockwise from north."""
BLIND_BELOW = 0.3
"""Least share |C| of a downslope motion that is called visible (Herrera et al. 2013)."""


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
    sine = np.sin(tilt)
    vector, _ = downslope_vector(
        np.asarray(sine * np.sin(bearing)), np.asarray(sine * np.cos(bearing))
    )
    los = los_from_heading(INCIDENCE, HEADING).reshape(3, *(1,) * (vector.ndim - 1))
    return los_from_enu(vector, los)
