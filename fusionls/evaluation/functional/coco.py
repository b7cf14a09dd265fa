"""COCO average precision of boxes and masks, without files of annotations.

Flow: detections and true objects of each image -> [here] -> scores.
Source: the evaluation of the COCO challenge (Lin et al. 2014, "Microsoft COCO") as pycocotools
2.0 does it: detections in falling order of score, each takes the free true object of highest IoU;
precision is made monotonous and read at 101 recalls; mean over IoU 0.50 to 0.95.
What is kept per image is a score and a row of flags per detection, no mask: memory grows with
the detections (at most ``MOST_DETECTIONS`` an image, 81 bytes each), not with the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.raster import BoolArray

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
AREAS = {
    'all': (0.0, 1e10), 'small': (0.0, 32.0**2), 'medium': (32.0**2, 96.0**2),
    'large': (96.0**2, 1e10),
}  # fmt: skip
"""Ranges of area, square pixels, both ends included, as in COCO."""
MOST_DETECTIONS = 100
Boxes = NDArray[np.float64]


def box_iou(detected: Boxes, true: Boxes, crowd: BoolArray) -> NDArray[np.float64]:
    """(D, G) IoU of boxes (n, 4) given as left, top, right, bottom; over a crowd, see below."""
    low = np.maximum(detected[:, None, :2], true[None, :, :2])
    high = np.minimum(detected[:, None, 2:], true[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=2)
    return _over(common, box_area(detected), box_area(true), crowd)


def box_area(boxes: Boxes) -> NDArray[np.float64]:
    """(n,) area of boxes, square pixels."""
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def shares_in(boxes: Boxes, masks: BoolArray) -> NDArray[np.float64]:
    """(D, n) share of each box, in whole pixels, that lies in each mask."""
    rows, cols = masks.shape[1:]
    low = np.floor(boxes[:, :2]).clip(0, (cols, rows)).astype(int)
    high = np.ceil(boxes[:, 2:]).clip(0, (cols, rows)).astype(int)
    # counts above and left of each pixel corner, so that a box is four look-ups
    summed = np.pad(masks.cumsum(1, dtype=np.int64).cumsum(2), ((0, 0), (1, 0), (1, 0)))
    (left, top), (right, bottom) = low.T, high.T
    inside = (
        summed[:, bottom, right]
        - summed[:, top, right]
        - summed[:, bottom, left]
        + summed[:, top, left]
    )
    size = np.maximum((right - left) * (bottom - top), 1)
    return np.asarray((inside / size).T)


def mask_iou(detected: BoolArray, true: BoolArray, crowd: BoolArray) -> NDArray[np.float64]:
    """(D, G) IoU of masks (n, H, W).

    Over a crowd (a place where detections are neither right nor wrong) it is the share of the
    detection that lies in it.
    """
    pixels = detected.shape[1] * detected.shape[2]
    flat = [masks.reshape(len(masks), pixels).astype(np.float32) for masks in (detected, true)]
    common = (flat[0] @ flat[1].T).astype(np.float64)  # exact: whole numbers below 2^24
    return _over(common, flat[0].sum(1, np.float64), flat[1].sum(1, np.float64), crowd)


def _over(
    common: NDArray[np.float64],
    detected: NDArray[np.float64],
    true: NDArray[np.float64],
    crowd: BoolArray,
) -> NDArray[np.float64]:
    whole = np.where(crowd[None], detected[:, None], detected[:, None] + true[None] - common)
    return common / np.where(whole > 0, whole, 1)


@dataclass
class CocoTally:
    """Matched detections of all images so far; add up with ``+=``.

    Attributes:
        scores: Scores of the detections, an array an image.
        flags: (areas, IoU thresholds, detections) an image: 1 right, 0 wrong, -1 left out.
        true: True objects by range of area.
    """

    scores: list[NDArray[np.float64]] = field(default_factory=list)
    flags: list[NDArray[np.int8]] = field(default_factory=list)
    true: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(AREAS), np.int64))

    def __iadd__(self, other: CocoTally) -> CocoTally:
        self.scores += other.scores
        self.flags += other.flags
        self.true = self.true + other.true
        return self

    def average_precision(self, area: str = 'all', iou: float | None = None) -> float:
        """AP over the ten IoU thresholds, or at the one nearest to ``iou``; NaN without truth."""
        place = list(AREAS).index(area)
        if not self.true[place]:
            return float('nan')
        if not self.scores:
            return 0.0
        order = np.argsort(-np.concatenate(self.scores), kind='stable')
        flags = np.concatenate([f[place] for f in self.flags], axis=1)[:, order]  # (T, all)
        chosen = (
            range(len(IOU_THRESHOLDS))
            if iou is None
            else [int(np.argmin(abs(IOU_THRESHOLDS - iou)))]
        )
        return float(np.mean([_interpolated(flags[t], int(self.true[place])) for t in chosen]))

    def averages(self, kind: str) -> dict[str, float]:
        """AP, AP50, AP75 and AP by area, named ``coco_<kind>_ap...``."""
        values = {
            '': self.average_precision(),
            '50': self.average_precision(iou=0.5),
            '75': self.average_precision(iou=0.75),
        }
        values |= {f'_{area}': self.average_precision(area) for area in list(AREAS)[1:]}
        return {f'coco_{kind}_ap{name}': value for name, value in values.items()}


def _interpolated(flags: NDArray[np.int8], true: int) -> float:
    """Mean over 101 recalls of the highest precision at that recall or a higher one."""
    flags = flags[flags >= 0]
    tp, fp = np.cumsum(flags == 1), np.cumsum(flags == 0)
    precision = np.maximum.accumulate((tp / np.maximum(tp + fp, 1))[::-1])[::-1]
    place = np.searchsorted(tp / true, RECALLS, side='left')
    return float(np.append(precision, 0.0)[place].mean())


def coco_tally(
    iou: NDArray[np.float64],
    scores: NDArray[np.floating],
    areas: NDArray[np.float64],
    true_areas: NDArray[np.float64],
    crowd: BoolArray,
) -> CocoTally:
    """Match the detections of one image.

    Args:
        iou: (D, G) as of :func:`box_iou` or :func:`mask_iou`.
        scores: (D,).
        areas: (D,) areas of the detections, square pixels.
        true_areas: (G,) areas of the true objects.
        crowd: (G,) places where detections are neither right nor wrong.
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind='stable')[:MOST_DETECTIONS]
    iou, areas = iou[order], areas[order]
    flags = np.zeros((len(AREAS), len(IOU_THRESHOLDS), len(order)), np.int8)
    counts = np.zeros(len(AREAS), np.int64)
    for a, (low, high) in enumerate(AREAS.values()):
        ignored = crowd | (true_areas < low) | (true_areas > high)
        counts[a] = np.count_nonzero(~ignored)
        outside = (areas < low) | (areas > high)
        for t, threshold in enumerate(IOU_THRESHOLDS):
            flags[a, t] = _flags(iou, threshold, ignored, crowd, outside)
    return CocoTally([np.asarray(scores, np.float64)[order]], [flags], counts)


def _flags(
    iou: NDArray[np.float64],
    threshold: float,
    ignored: BoolArray,
    crowd: BoolArray,
    outside: BoolArray,
) -> NDArray[np.int8]:
    """Right, wrong or left out, detection by detection, the surest first."""
    flags = np.where(outside, -1, 0).astype(np.int8)
    free = np.ones(iou.shape[1], bool)
    least = min(threshold, 1 - 1e-10)
    for d in np.flatnonzero(iou.max(axis=1, initial=0) >= least):
        able = free & (iou[d] >= least)
        # an object that counts goes before one that is ignored, whatever their IoU
        for among, flag in ((able & ~ignored, 1), (able & ignored, -1)):
            if among.any():
                flags[d] = flag
                # the last of equals, as pycocotools takes it
                best = len(free) - 1 - int(np.argmax(np.where(among, iou[d], -1)[::-1]))
                free[best] = crowd[best]
                break
    return flags
