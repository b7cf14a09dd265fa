"""Every threshold at once: precision, recall and average precision from counts by probability.

Flow: probabilities and labels -> [here] -> scores, the precision-recall picture, calibration.
Pixels are counted in bins of their log-odds, log(p / (1 - p)), so that a scene of any size leaves
two rows of counts behind and nothing is sorted. Log-odds, because a trained network says 0.9999
and 0.999 of most landslides: bins of equal width in p would tie them. p = 0.5 is an edge.
The scores are exact for probabilities rounded down to the edge of their bin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionls.errors import InputError
from fusionls.evaluation.functional.confusion import Amount, Counts, ratio
from fusionls.geo.raster import BoolArray

BINS = 4096  # average precision is then less than 0.001 too low, for pixels of a bin are ties
BINS_PER_UNIT = 128  # of log-odds; a power of two, so that binning is exact in floating point
LOW_EDGES = (np.arange(BINS) - BINS // 2) / BINS_PER_UNIT
"""(BINS,) lower edge of each bin, log-odds from -16; the first bin reaches down to p = 0."""
THRESHOLDS = 1 / (1 + np.exp(-LOW_EDGES))
"""(BINS,) probability at the lower edge of each bin; a threshold keeps all bins from it on."""
PIXELS_AT_ONCE = 1 << 16  # fit in the processor's cache

FloatingArray = NDArray[np.floating]
CountArray = NDArray[np.int64]


def log_odds(probability: FloatingArray) -> FloatingArray:
    """log(p / (1 - p)); minus and plus infinity at 0 and 1."""
    with np.errstate(divide='ignore'):
        odds: FloatingArray = np.log(probability / (1 - probability))
    return odds


def counted_parts(
    probability: FloatingArray, truth: BoolArray, counted: BoolArray
) -> Iterator[tuple[FloatingArray, BoolArray]]:
    """The pixels that count, part by part: their probabilities and whether they are landslides.

    Args:
        probability: (...) landslide probability; anything where not counted.
        truth: The same shape.
        counted: The same shape; False where a pixel must not count.

    Raises:
        InputError: A pixel that counts holds NaN, or something outside 0 to 1.
    """
    flat: list[Any] = [np.ravel(array) for array in (probability, truth, counted)]
    for start in range(0, flat[0].size, PIXELS_AT_ONCE):
        p, true, kept = (array[start : start + PIXELS_AT_ONCE] for array in flat)
        if not kept.all():
            p, true = p[kept], true[kept]
        if p.size and not (float(p.min()) >= 0 and float(p.max()) <= 1):
            wrong = p[~((p >= 0) & (p <= 1))]
            raise InputError(
                f'pixels that count hold no probability, the first {wrong[0]}; expected 0 to 1 '
                '(give logits through softmax or sigmoid)'
            )
        yield p, true


def count_by_probability(
    probability: FloatingArray, truth: BoolArray, counted: BoolArray
) -> CountArray:
    """Count pixels by truth and log-odds of the prediction.

    Args:
        probability: (...) landslide probability; anything where not counted.
        truth: The same shape.
        counted: The same shape; False where a pixel must not count.

    Returns:
        (2, BINS): pixels without and with a landslide; add them up over tiles.

    Raises:
        InputError: A pixel that counts has no probability.
    """
    counts = np.zeros(2 * BINS, np.int64)
    for p, true in counted_parts(probability, truth, counted):
        place = np.clip(np.floor(log_odds(p) * BINS_PER_UNIT), -BINS // 2, BINS // 2 - 1)
        # converted first: numpy multiplies bool by int ten times slower
        row = true.astype(np.int32) * BINS + BINS // 2
        counts += np.bincount(place.astype(np.int32) + row, minlength=2 * BINS)
    return counts.reshape(2, BINS)


@dataclass(frozen=True)
class ThresholdCurve:
    """Scores at every threshold, from counts by probability.

    Attributes:
        counts: (..., 2, BINS) as of :func:`count_by_probability`, summed over tiles.
    """

    counts: NDArray[np.generic]

    @property
    def at_thresholds(self) -> Counts:
        """Counts with landslides predicted from each of :data:`THRESHOLDS` on, (..., BINS)."""
        from_here_on = np.cumsum(self.counts[..., ::-1], axis=-1, dtype=np.float64)[..., ::-1]
        fp, tp = from_here_on[..., 0, :], from_here_on[..., 1, :]
        return Counts(tp, fp, tp[..., :1] - tp, fp[..., :1] - fp)

    @property
    def average_precision(self) -> Amount:
        """Sum of precision times gain in recall over falling thresholds; NaN without landslides.

        The step-wise sum of scikit-learn, without interpolation.
        """
        counts = self.at_thresholds
        gained = self.counts[..., 1, :]
        steps = np.nan_to_num(counts.precision) * gained  # nothing is gained where it is NaN
        return ratio(steps.sum(axis=-1), gained.sum(axis=-1, dtype=np.float64))

    @property
    def roc_auc(self) -> Amount:
        """Area under the receiver operating characteristic; NaN where one class is missing.

        The probability that a landslide has the higher score of a pair of both classes, ties
        counted half (Hanley and McNeil 1982, "The meaning and use of the area under a receiver
        operating characteristic curve", p. 31).
        """
        without, with_one = np.moveaxis(np.asarray(self.counts, np.float64), -2, 0)
        lower = np.cumsum(without, axis=-1) - without / 2
        pairs = without.sum(axis=-1) * with_one.sum(axis=-1)
        return ratio((with_one * lower).sum(axis=-1), pairs)

    def best_f1(self) -> tuple[float, float]:
        """The highest F1 of any threshold, and that threshold; NaN where there is no F1.

        Chosen on the pixels it is measured on, so an upper bound and no test score.
        """
        f1 = self.at_thresholds.f1
        if np.isnan(f1).all():
            return float('nan'), float('nan')
        best = int(np.nanargmax(f1))
        return float(f1[best]), float(THRESHOLDS[best])
