"""Velocity of a series of displacements, and of a set of interferograms, pixel by pixel.

Flow: displacements by date, or phases by pair of dates -> [here] -> sources.insar.
Source: least squares in closed form; the deviation is that of the slope of a straight line
(Fattahi and Amelung 2015, J. Geophys. Res. 120, eq. 10, as MintPy has it).
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.raster import BoolArray
from fusionls.layers.spec import Plane

DAYS_A_YEAR = 365.25
Numbers = NDArray[np.float64]


def years_of(dates: Sequence[datetime.date]) -> Numbers:
    """Years since the first of some dates."""
    return np.array([(date - dates[0]).days / DAYS_A_YEAR for date in dates])


def fitted_velocity(displacements: Numbers, years: Numbers) -> tuple[Plane, Plane]:
    """Slope of the straight line through a series, and its standard deviation.

    Args:
        displacements: (n, h, w) metres; NaN where there is none.
        years: (n,) at least two of them apart.

    Returns:
        Velocity m/yr, valid where every date is; deviation, valid where there are three dates.
    """
    valid: BoolArray = np.logical_and.reduce(np.isfinite(displacements))
    filled = np.where(valid, displacements, 0.0)
    apart = years - years.mean()
    spread = (apart**2).sum()
    velocity = np.tensordot(apart / spread, filled, 1)
    line = filled.mean(0) + apart[:, None, None] * velocity
    left = ((filled - line) ** 2).sum(0)
    freedom = len(years) - 2
    deviation = np.sqrt(left / (max(freedom, 1) * spread))
    return (
        (velocity.astype(np.float32), valid),
        (deviation.astype(np.float32), valid if freedom > 0 else np.zeros_like(valid)),
    )


def stacked_velocity(
    displacements: Sequence[Plane], years: Numbers, least_pairs: int
) -> tuple[Plane, Plane, Plane]:
    """Velocity of a set of interferograms by least squares through the origin.

    Long pairs count more: v = sum(d t) / sum(t^2), of the pairs that are valid in the pixel
    (stacking, Sandwell and Price 1998, J. Geophys. Res. 103).

    Args:
        displacements: Of each pair, metres.
        years: (n,) between the dates of each pair.
        least_pairs: Pairs that must be valid in a pixel.

    Returns:
        Velocity m/yr, its standard deviation from the residuals m/yr (valid from two pairs), and
        the number of pairs.
    """
    shape = displacements[0][0].shape
    above, below = np.zeros(shape), np.zeros(shape)
    count = np.zeros(shape, np.int64)
    for (values, valid), span in zip(displacements, years, strict=True):
        above += np.where(valid, values * span, 0.0)
        below += np.where(valid, span**2, 0.0)
        count += valid
    enough = (count >= least_pairs) & (below > 0)
    velocity = above / np.where(enough, below, 1.0)
    left = np.zeros(shape)
    for (values, valid), span in zip(displacements, years, strict=True):
        left += np.where(valid, (values - velocity * span) ** 2, 0.0)
    freedom = np.maximum(count - 1, 1)
    deviation = np.sqrt(left / (freedom * np.where(enough, below, 1.0)))
    return (
        (np.where(enough, velocity, 0).astype(np.float32), enough),
        (np.where(enough, deviation, 0).astype(np.float32), enough & (count > 1)),
        (count.astype(np.float32), np.ones(shape, bool)),
    )
