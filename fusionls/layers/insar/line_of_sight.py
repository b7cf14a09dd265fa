"""The line of sight of a radar satellite, and the one home of its sign.

Ours is the unit vector from the ground to the satellite, (east, north, up); motion along it is
positive: toward the satellite. Whatever a product says is turned into this here, once.

Flow: angles and phases of products -> [here] -> sources.insar, layers.insar.motion, simulation.
Source: MintPy (insarlab/MintPy, ``utils0.py``: get_unit_vector4component_of_interest) for
incidence and azimuth; ASF HyP3 product guide for lv_theta and lv_phi; Hanssen (2001), Radar
Interferometry, eq. 2.4.5 for -lambda / 4 pi.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vectors = NDArray[np.float64]
"""(3, ...) east, north, up."""


def los_from_angles(incidence: ArrayLike, azimuth: ArrayLike) -> Vectors:
    """Unit vector of an incidence and an azimuth as MintPy has them.

    Args:
        incidence: Degrees from vertical, at the ground.
        azimuth: Bearing from the ground to the satellite, degrees from north, anticlockwise.

    Returns:
        (3, ...) east, north, up.

    Example:
        >>> los_from_angles(0.0, 0.0).tolist()[2]
        1.0
    """
    inc, az = np.radians(np.asarray(incidence, float)), np.radians(np.asarray(azimuth, float))
    flat = np.sin(inc)
    return np.stack(np.broadcast_arrays(-flat * np.sin(az), flat * np.cos(az), np.cos(inc)))


def los_from_heading(incidence: ArrayLike, heading: ArrayLike) -> Vectors:
    """Unit vector of a right-looking satellite.

    Args:
        incidence: Degrees from vertical, at the ground.
        heading: Flight direction, degrees clockwise from north (-12 for an ascending Sentinel-1).

    Returns:
        (3, ...) east, north, up. An ascending satellite passes in the west of what it sees.
    """
    # it looks 90 degrees to the right of its heading; from the ground it stands on the left
    return los_from_angles(incidence, 90.0 - np.asarray(heading, float))


def los_from_look_vector(theta: ArrayLike, phi: ArrayLike) -> Vectors:
    """Unit vector of GAMMA's and HyP3's look vector angles.

    Args:
        theta: Elevation of the satellite above the horizontal, radians.
        phi: Its bearing, radians from east, anticlockwise.

    Returns:
        (3, ...) east, north, up.
    """
    up, bearing = np.asarray(theta, float), np.asarray(phi, float)
    flat = np.cos(up)
    return np.stack(np.broadcast_arrays(flat * np.cos(bearing), flat * np.sin(bearing), np.sin(up)))


def los_from_enu(enu: ArrayLike, los: ArrayLike) -> NDArray[np.float64]:
    """Motion along the line of sight, positive toward the satellite.

    Args:
        enu: (3, ...) east, north, up; any unit, kept.
        los: (3, ...) unit vector from the ground to the satellite.
    """
    found: NDArray[np.float64] = (np.asarray(enu, float) * np.asarray(los, float)).sum(0)
    return found


def displacement_toward(
    unwrapped: ArrayLike, wavelength: float, positive_away: bool = True
) -> NDArray[np.float64]:
    """Displacement toward the satellite of an unwrapped phase.

    Args:
        unwrapped: Radians.
        wavelength: Metres.
        positive_away: Whether the phase grows with the distance to the satellite, as GAMMA,
            ISCE, HyP3 and LiCSAR have it.

    Returns:
        Metres, positive toward the satellite.
    """
    factor = wavelength / (4 * np.pi)
    return np.asarray(unwrapped, float) * (-factor if positive_away else factor)
