"""Pixel counts of the landslide class, and the scores that follow from them.

Flow: a predicted mask and a label raster -> [here] -> evaluation.metrics, tables.
Counts are added over tiles or scenes first and scored once (pooled), so that a tile without
landslides neither wins nor loses a score of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fusionls.errors import LabelError
from fusionls.geo.raster import BoolArray

UNMAPPED = 255
"""Label of a pixel that nobody has looked at; it never counts."""

Amount: TypeAlias = Any
"""A number, or an array of the same number in several draws, blocks or thresholds."""


@dataclass(frozen=True)
class Counts:
    """Pixels of a two-class map by prediction and truth; add them up with ``+`` or ``sum``.

    A score whose denominator is zero is undefined and comes back as NaN, never as 0 or 1.
    The four may be arrays of one shape (float64 where they are large: products must not
    overflow); every score is then an array of that shape.

    Attributes:
        tp: Landslide, predicted as such.
        fp: No landslide, predicted as one.
        fn: Landslide, not predicted.
        tn: No landslide, none predicted.

    Example:
        >>> sum([Counts(tp=3, fp=1), Counts(fn=2, tn=10)], Counts())
        Counts(tp=3, fp=1, fn=2, tn=10)
    """

    tp: Amount = 0
    fp: Amount = 0
    fn: Amount = 0
    tn: Amount = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn
        )

    @property
    def total(self) -> Amount:
        """Pixels counted."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def other(self) -> Counts:
        """The same pixels, with the class that is no landslide in the place of the landslides."""
        return Counts(self.tn, self.fn, self.fp, self.tp)

    @property
    def accuracy(self) -> Amount:
        """Share that is right, (tp + tn) / all, 0 to 1; NaN where nothing was counted."""
        return ratio(self.tp + self.tn, self.total)

    @property
    def precision(self) -> Amount:
        """Precision, tp / (tp + fp), 0 to 1; NaN where no landslide was predicted."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> Amount:
        """Recall, tp / (tp + fn), 0 to 1; NaN where there is no landslide."""
        return ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> Amount:
        """F1, 2 tp / (2 tp + fp + fn), 0 to 1; NaN where no landslide is true or predicted."""
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> Amount:
        """Intersection over union of the landslide class, 0 to 1; NaN where ``f1`` is."""
        return ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def background_iou(self) -> Amount:
        """Intersection over union of the other class; NaN where all is landslide and found."""
        return self.other.iou

    @property
    def miou(self) -> Amount:
        """Mean of ``iou`` and ``background_iou``; NaN where one of them is."""
        return (self.iou + self.background_iou) / 2

    @property
    def mcc(self) -> Amount:
        """Matthews' correlation of prediction and truth, -1 to 1; NaN where one is constant."""
        spread = (self.tp + self.fp) * (self.tp + self.fn)
        spread_other = (self.tn + self.fp) * (self.tn + self.fn)
        return ratio(self.tp * self.tn - self.fp * self.fn, spread**0.5 * spread_other**0.5)

    @property
    def kappa(self) -> Amount:
        """Cohen's kappa, agreement beyond chance, up to 1; NaN where both are one constant."""
        chance = (self.tp + self.fp) * (self.fp + self.tn) + (self.tp + self.fn) * (
            self.fn + self.tn
        )
        return ratio(2 * (self.tp * self.tn - self.fp * self.fn), chance)

    @property
    def macro_precision(self) -> Amount:
        """Mean precision of the two classes; NaN where one of them is undefined."""
        return (self.precision + self.other.precision) / 2

    @property
    def macro_recall(self) -> Amount:
        """Mean recall of the two classes; NaN where one of them is undefined."""
        return (self.recall + self.other.recall) / 2

    @property
    def macro_f1(self) -> Amount:
        """Mean F1 of the two classes; NaN where one of them is undefined."""
        return (self.f1 + self.other.f1) / 2

    def scores(self) -> dict[str, float]:
        """Precision, recall, f1, iou and miou by name."""
        return {name: getattr(self, name) for name in ('precision', 'recall', 'f1', 'iou', 'miou')}


def ratio(part: Amount, whole: Amount) -> Amount:
    """``part / whole``, NaN where ``whole`` is zero; arrays element by element."""
    if isinstance(part, np.ndarray) or isinstance(whole, np.ndarray):
        with np.errstate(divide='ignore', invalid='ignore'):
            return np.where(np.equal(whole, 0), np.nan, np.divide(part, whole))
    return part / whole if whole else math.nan


def count_pixels(
    predicted: NDArray[np.generic],
    truth: NDArray[np.generic],
    valid: BoolArray | None = None,
) -> Counts:
    """Count the pixels of one tile or scene.

    Args:
        predicted: (..., H, W) bool or 0 and 1; anything where invalid.
        truth: The same shape, bool or 0, 1 and 255; 255 does not count.
        valid: The same shape, False where a pixel must not count; all count by default.

    Raises:
        LabelError: ``truth`` holds something else, or ``predicted`` does where it counts.
        ValueError: The shapes differ.
    """
    predicted, truth, counted = checked_masks(predicted, truth, valid)
    tp = np.count_nonzero(predicted & truth)
    predicted_all = np.count_nonzero(predicted)
    true_all = np.count_nonzero(truth)
    fp, fn = predicted_all - tp, true_all - tp
    return Counts(tp, fp, fn, np.count_nonzero(counted) - tp - fp - fn)


def checked_masks(
    predicted: NDArray[np.generic], truth: NDArray[np.generic], valid: BoolArray | None
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Turn both masks into bool, False where a pixel does not count, and say which count.

    Raises:
        LabelError: A mask holds something else than a mask can.
        ValueError: The shapes differ.
    """
    predicted, truth = np.asarray(predicted), np.asarray(truth)
    counted = truth != UNMAPPED if truth.dtype != bool else np.ones(truth.shape, bool)
    if predicted.shape != truth.shape or (valid is not None and valid.shape != truth.shape):
        shape = 'none' if valid is None else valid.shape
        raise ValueError(
            f'predicted {predicted.shape}, truth {truth.shape} and valid {shape} must have one '
            'shape'
        )
    # labels may hold anything where the caller says they do not count
    counted = counted if valid is None else counted & valid
    for name, mask in (('truth', truth), ('predicted', predicted)):
        if mask.dtype != bool:
            strange = counted & (mask != 0) & (mask != 1)
            if strange.any():
                found = ', '.join(str(value) for value in np.unique(mask[strange])[:5])
                raise LabelError(
                    f'{name} holds {found}; expected 0 (none), 1 (landslide)'
                    + (' and 255 (not mapped)' if name == 'truth' else '; apply a threshold first')
                )
    return counted & (predicted == 1), counted & (truth == 1), counted
