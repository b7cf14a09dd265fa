"""How many landslides of which size: the power law of an inventory's large landslides.

Flow: areas of objects -> [here] -> scores of inventory bias.
Source: Clauset, Shalizi and Newman (2009), "Power-law distributions in empirical data", eq. 3.1
(maximum likelihood), 3.2 (standard error) and section 3.3 (least area by Kolmogorov-Smirnov).
Density p(A) ~ A^-slope above ``least_area``; medium and large landslides have slopes about 2.3
(Malamud et al. 2004). A map that loses small landslides or merges neighbours is flatter.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_IN_TAIL = 10
"""A tail of fewer landslides says nothing of a slope."""
MOST_CANDIDATES = 500
"""Least areas that are tried; evenly spread over the areas that occur where there are more."""


@dataclass(frozen=True)
class PowerLaw:
    """A power law fitted to the larger landslides; NaN where there are too few.

    Attributes:
        slope: Exponent of the density, above 1.
        standard_error: Of the slope.
        least_area: From this area on; the unit of the areas.
        in_tail: Landslides of at least that area.
        distance: Kolmogorov-Smirnov distance of the tail from the law, 0 to 1.
    """

    slope: float = math.nan
    standard_error: float = math.nan
    least_area: float = math.nan
    in_tail: int = 0
    distance: float = math.nan


def power_law(areas: Counter[float], least_area: float | None = None) -> PowerLaw:
    """Fit the power law.

    Args:
        areas: How many landslides have which area, above 0.
        least_area: Fit from this area on; the one whose tail is nearest to its law by default.

    Returns:
        All NaN where fewer than ten landslides, or only one area, are left.
    """
    sizes, counts = _table(areas)
    if least_area is not None:
        return _fit(sizes, counts, least_area)
    candidates = sizes[:-1]
    if len(candidates) > MOST_CANDIDATES:
        spread = np.linspace(0, len(candidates) - 1, MOST_CANDIDATES)
        candidates = candidates[np.unique(spread.astype(int))]
    fits = [_fit(sizes, counts, least) for least in candidates]
    good = [fit for fit in fits if fit.in_tail]
    return min(good, key=lambda fit: fit.distance, default=PowerLaw())


def _table(areas: Counter[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Areas that occur, ascending, and how often."""
    pairs = np.array(sorted(areas.items()), np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _fit(sizes: NDArray[np.float64], counts: NDArray[np.float64], least: float) -> PowerLaw:
    """The law of the areas from ``least`` on."""
    tail = sizes >= least
    x, n = sizes[tail], counts[tail]
    total = n.sum()
    logs = np.log(x / least)
    if total < LEAST_IN_TAIL or not logs.any():
        return PowerLaw()
    exponent = total / (n @ logs)  # slope - 1
    law = 1 - np.exp(-exponent * logs)
    below, up_to = (np.cumsum(n) - n) / total, np.cumsum(n) / total
    distance = max(np.abs(law - below).max(), np.abs(law - up_to).max())
    return PowerLaw(
        slope=float(1 + exponent),
        standard_error=float(exponent / math.sqrt(total)),
        least_area=float(least),
        in_tail=int(total),
        distance=float(distance),
    )


def size_histogram(
    areas: Counter[float], per_decade: int = 5
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Landslides by area in bins of equal width in log10.

    Returns:
        Edges (n + 1,), powers of 10^(1 / per_decade), and counts (n,); empty without landslides.
    """
    sizes, counts = _table(areas)
    if not len(sizes):
        return np.zeros(0), np.zeros(0)
    place = np.floor(np.log10(sizes) * per_decade + 1e-9).astype(int)  # 10, 100, ... are edges
    first, last = place.min(), place.max()
    edges = 10.0 ** (np.arange(first, last + 2) / per_decade)
    binned = np.bincount(place - first, counts, minlength=last - first + 1)
    return edges, binned.astype(np.float64)
