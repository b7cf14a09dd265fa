"""Whether 0.7 means seven in ten: reliability, calibration error, Brier score, temperature.

Flow: probabilities and labels -> [here] -> scores, the reliability diagram, predict_scene.
Sources: Guo et al. (2017), "On calibration of modern neural networks", eq. 3 (ECE) and section
4.2 (temperature scaling); Brier (1950).
Differs: it is the probability of a landslide that is compared with the share of landslides, not
the confidence in whichever class won; and 16 bins, whose edges floating point holds exactly,
stand in the place of 15.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, log_expit

from fusionls.errors import FileMissingError, InputError
from fusionls.evaluation.functional.confusion import Amount, ratio
from fusionls.evaluation.functional.curves import (
    BINS_PER_UNIT,
    LOW_EDGES,
    FloatingArray,
    counted_parts,
    log_odds,
)
from fusionls.geo.raster import BoolArray
from fusionls.geo.raster_io import written_whole

BINS = 16
TEMPERATURES = (0.05, 20.0)
"""Sharpest and softest temperature looked for."""


def reliability_sums(
    probability: FloatingArray, truth: BoolArray, counted: BoolArray
) -> tuple[NDArray[np.float64], float]:
    """What reliability and Brier score are made of; add both up over tiles.

    Args:
        probability: (...) landslide probability; anything where not counted.
        truth: The same shape.
        counted: The same shape; False where a pixel must not count.

    Returns:
        (3, BINS): pixels, landslide pixels and summed probability by probability, bin k holding
        k / 16 < p <= (k + 1) / 16; and the sum of (p - truth)^2.

    Raises:
        InputError: A pixel that counts has no probability.
    """
    counts, summed, squared = np.zeros((2, BINS)), np.zeros(BINS), 0.0
    for given, true in counted_parts(probability, truth, counted):
        place = np.maximum(np.ceil(given * BINS) - 1, 0).astype(np.intp)
        p, landslide = given.astype(np.float64), true.astype(np.intp)
        counts += np.bincount(place + BINS * landslide, minlength=2 * BINS).reshape(2, BINS)
        summed += np.bincount(place, p, minlength=BINS)
        off = p - landslide
        squared += float(off @ off)
    return np.stack([counts.sum(axis=0), counts[1], summed]), squared


@dataclass(frozen=True)
class Reliability:
    """The reliability diagram.

    Attributes:
        sums: (..., 3, BINS) as of :func:`reliability_sums`.
    """

    sums: NDArray[np.float64]

    @property
    def predicted(self) -> Amount:
        """(..., BINS) mean probability of each bin; NaN where it is empty."""
        return ratio(self.sums[..., 2, :], self.sums[..., 0, :])

    @property
    def observed(self) -> Amount:
        """(..., BINS) share of landslide pixels of each bin; NaN where it is empty."""
        return ratio(self.sums[..., 1, :], self.sums[..., 0, :])

    @property
    def expected_calibration_error(self) -> Amount:
        """Mean of |observed - predicted| over all pixels, 0 to 1; NaN without pixels."""
        gap = np.abs(self.sums[..., 1, :] - self.sums[..., 2, :])
        return ratio(gap.sum(axis=-1), self.sums[..., 0, :].sum(axis=-1))


@dataclass(frozen=True)
class Temperature:
    """A temperature and where it comes from; log-odds are divided by it.

    Attributes:
        temperature: Above 1 makes probabilities less sure.
        pixels: Pixels it was fitted on.
        loss_before: Mean negative log-likelihood at a temperature of 1, nats.
        loss_after: The same at this temperature.
        fitted_on: What the pixels were: config, split, checkpoint.
    """

    temperature: float
    pixels: int
    loss_before: float
    loss_after: float
    fitted_on: str = ''

    def write(self, path: str | Path) -> Path:
        """Write as JSON, whole or not at all."""
        with written_whole(path) as beside:
            beside.write_text(json.dumps(asdict(self), indent=2) + '\n')
        return Path(path)

    @classmethod
    def read(cls, path: str | Path) -> Temperature:
        """Read what :meth:`write` wrote.

        Raises:
            FileMissingError: There is no such file.
            InputError: It holds no temperature.
        """
        path = Path(path)
        if not path.is_file():
            raise FileMissingError(
                f'{path}: no such file; tools/analysis/fit_temperature.py writes one'
            )
        try:
            content: dict[str, Any] = json.loads(path.read_text())
            read = cls(**content)
            if not 0 < read.temperature < np.inf:
                raise ValueError(f'the temperature is {read.temperature}')
        except (ValueError, TypeError) as error:
            raise InputError(
                f'{path}: holds no temperature ({error}); make it anew by '
                'tools/analysis/fit_temperature.py'
            ) from error
        return read


def tempered(probability: FloatingArray, temperature: float) -> FloatingArray:
    """The probability after its log-odds were divided by ``temperature``; dtype kept."""
    given = np.asarray(probability)
    return np.asarray(expit(log_odds(given) / temperature), given.dtype)


def fitted_temperature(counts: NDArray[np.generic], fitted_on: str = '') -> Temperature:
    """The temperature under which the labels are likeliest.

    Args:
        counts: (2, bins) of validation pixels, as of ``curves.count_by_probability``; pixels are
            taken at the middle of their bin (1/128 of log-odds wide).
        fitted_on: Kept with the result.

    Returns:
        Within :data:`TEMPERATURES`; at an end of it where labels are told apart without an error
        (sharpest) or no better than by chance (softest).

    Raises:
        InputError: There is no pixel.
    """
    pixels = int(counts.sum())
    if not pixels:
        raise InputError('no validation pixel has a label, so no temperature can be fitted')
    odds = LOW_EDGES + 0.5 / BINS_PER_UNIT
    none, landslide = (row.astype(np.float64) / pixels for row in counts)

    def loss(temperature: float) -> float:
        scaled = odds / temperature
        return -float(landslide @ log_expit(scaled) + none @ log_expit(-scaled))

    def slope(sharpness: float) -> float:  # of the loss, which is convex in 1 / temperature
        scaled = odds * sharpness
        return float(none @ (odds * expit(scaled)) - landslide @ (odds * expit(-scaled)))

    softest, sharpest = 1 / TEMPERATURES[1], 1 / TEMPERATURES[0]
    if slope(softest) >= 0:
        sharpness = softest
    elif slope(sharpest) <= 0:
        sharpness = sharpest
    else:
        sharpness = float(brentq(slope, softest, sharpest, xtol=1e-12))
    return Temperature(1 / sharpness, pixels, loss(1.0), loss(1 / sharpness), fitted_on)
