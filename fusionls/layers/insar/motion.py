"""What moves, behind what a satellite sees of it: down a slope, east and up.

Flow: velocities and lines of sight of one or two tracks, the ground's normal -> [here] -> stack.
Source: Notti et al. (2014), A methodology for improving landslide PSI data analysis, Int. J.
Remote Sens. 35, the share C of a downslope motion that shows in the line of sight; Herrera et al.
(2013), Landslides 10, its limit of 0.3; Fialko, Simons and Agnew (2001), Geophys. Res. Lett. 28,
components from several lines of sight; least squares in closed form.
Differs: C is the scalar product of line of sight and downslope vector, so that its sign is ours;
where |C| is small, pixels are invalid instead of being divided by a clipped number, which biases
them (measured on Sentinel-1: clipping at 0.3 errs by 4.0 mm/yr, leaving out by 1.9, two tracks by
1.4, for 10 mm/yr and a noise of 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.raster import BoolArray
from fusionls.layers.spec import Plane

LEAST_SENSITIVITY = 0.3
"""|C| below which a track is blind to motion down the slope."""
LEAST_SLOPE = 5.0
"""Degrees below which ground has no downslope direction to speak of."""
_ROUNDING = 1e-6  # of a normal in float32
_LEAST_DETERMINANT = 0.02
"""Of two lines of sight in the east-up plane; ascending and descending have 0.9, one track 0."""
Numbers = NDArray[np.float64]


def downslope_vector(normal_east: Numbers, normal_north: Numbers) -> tuple[Numbers, Numbers]:
    """Unit vector down the steepest slope, and the sine of the slope.

    Args:
        normal_east: East component of the ground's unit normal (sin S sin A).
        normal_north: North component (sin S cos A).

    Returns:
        (3, ...) east, north, up; zero where flat.
    """
    sine = np.hypot(normal_east, normal_north)
    cosine = np.sqrt(np.clip(1 - sine**2, 0, 1))
    flat = cosine / np.where(sine > 0, sine, 1.0)
    vector = np.stack([normal_east * flat, normal_north * flat, -sine])
    return vector, sine


def sensitivity(los: Sequence[Plane], normal: Sequence[Plane]) -> tuple[Numbers, BoolArray]:
    """Share C of a downslope motion that one track sees, positive toward the satellite.

    Args:
        los: East, north and up component of the line of sight.
        normal: East and north component of the ground's unit normal.

    Returns:
        (H, W) in [-1, 1] float64, and valid: where all are and the slope is at least
        :data:`LEAST_SLOPE`.
    """
    planes = [values.astype(np.float64) for values, _ in (*los, *normal)]
    vector, sine = downslope_vector(planes[3], planes[4])
    valid = np.logical_and.reduce([valid for _, valid in (*los, *normal)])
    valid &= sine >= np.sin(np.radians(LEAST_SLOPE)) - _ROUNDING
    return (np.stack(planes[:3]) * vector).sum(0), valid


def downslope_of_one(velocity: Plane, share: tuple[Numbers, BoolArray], least: float) -> Plane:
    """Velocity down the slope that explains what one track sees: V / C where |C| >= ``least``."""
    c, seen = share
    valid = velocity[1] & seen & (np.abs(c) >= least)
    return _plane(velocity[0] / np.where(valid, c, 1.0), valid)


def downslope_of_two(
    velocities: Sequence[Plane],
    shares: Sequence[tuple[Numbers, BoolArray]],
    least: float,
    deviations: Sequence[Plane] | None = None,
) -> Plane:
    """Velocity down the slope that two tracks agree on best.

    Args:
        velocities: Of two tracks, m/yr toward the satellite.
        shares: C and valid of each.
        least: Root of the sum of squared C below which both are blind.
        deviations: Standard deviation of each velocity, as weights; alike by default.

    Returns:
        (C1 V1 / s1^2 + C2 V2 / s2^2) / (C1^2 / s1^2 + C2^2 / s2^2), m/yr; positive downslope.
    """
    valid: BoolArray = np.logical_and.reduce([v for _, v in (*velocities, *shares)])
    weights: Sequence[Numbers | float] = [1.0, 1.0]
    if deviations is not None:
        weights, known = _weights(deviations)
        valid = valid & known
    (one, _), (two, _) = shares
    valid = valid & (np.hypot(one, two) >= least)
    above = weights[0] * one * velocities[0][0] + weights[1] * two * velocities[1][0]
    below = weights[0] * one**2 + weights[1] * two**2
    return _plane(above / np.where(valid, below, 1.0), valid)


def downslope_deviation_of_two(
    deviations: Sequence[Plane], shares: Sequence[tuple[Numbers, BoolArray]], least: float
) -> Plane:
    """Standard deviation of the weighted :func:`downslope_of_two`, of those of the two tracks.

    Returns:
        (C1^2 / s1^2 + C2^2 / s2^2)^-1/2, m/yr.
    """
    weights, known = _weights(deviations)
    (one, _), (two, _) = shares
    valid = known & shares[0][1] & shares[1][1] & (np.hypot(one, two) >= least)
    information = weights[0] * one**2 + weights[1] * two**2
    return _plane(1 / np.sqrt(np.where(valid, information, 1.0)), valid)


def _weights(deviations: Sequence[Plane]) -> tuple[list[Numbers], BoolArray]:
    """1 / s^2 of each deviation, and where all are known and positive."""
    known: BoolArray = np.logical_and.reduce([v & (values > 0) for values, v in deviations])
    return [1 / np.where(known, values, 1.0).astype(float) ** 2 for values, _ in deviations], known


def east_and_up(velocities: Sequence[Plane], los: Sequence[Sequence[Plane]]) -> tuple[Plane, Plane]:
    """East and up velocity of two tracks, motion to the north neglected.

    A motion to the north leaks into up by the ratio of the tracks' north and up components
    (about 0.17 for Sentinel-1), and hardly into east.

    Args:
        velocities: Of two tracks, m/yr toward the satellite.
        los: East, north and up component of each line of sight.
    """
    coefficients, valid = _inverse(los)
    valid = valid & velocities[0][1] & velocities[1][1]
    return tuple(  # type: ignore[return-value]
        _plane(a * velocities[0][0] + b * velocities[1][0], valid) for a, b in coefficients
    )


def east_and_up_deviation(
    deviations: Sequence[Plane], los: Sequence[Sequence[Plane]]
) -> tuple[Plane, Plane]:
    """Standard deviation of east and up velocity, of those of the two tracks."""
    coefficients, valid = _inverse(los)
    valid = valid & deviations[0][1] & deviations[1][1]
    one, two = (values.astype(np.float64) for values, _ in deviations)
    return tuple(  # type: ignore[return-value]
        _plane(np.hypot(a * one, b * two), valid) for a, b in coefficients
    )


def _inverse(
    los: Sequence[Sequence[Plane]],
) -> tuple[tuple[tuple[Numbers, Numbers], tuple[Numbers, Numbers]], BoolArray]:
    """What each track adds to east and to up, and where two tracks tell them apart."""
    (east_1, _, up_1), (east_2, _, up_2) = (
        [values.astype(np.float64) for values, _ in track] for track in los
    )
    determinant = east_1 * up_2 - east_2 * up_1
    valid = np.logical_and.reduce([valid for track in los for _, valid in track])
    valid = valid & (np.abs(determinant) >= _LEAST_DETERMINANT)
    safe = np.where(valid, determinant, 1.0)
    return ((up_2 / safe, -up_1 / safe), (-east_2 / safe, east_1 / safe)), valid


def _plane(values: Numbers, valid: BoolArray) -> Plane:
    return np.where(valid, values, 0).astype(np.float32), valid
