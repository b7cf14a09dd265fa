"""Boxes of landslides with scores, and what joins those of overlapping windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusionls.evaluation.functional.coco import Boxes, box_iou
from fusionls.geo.raster import BoolArray


@dataclass(frozen=True)
class Detections:
    """Boxes and how sure they are.

    Attributes:
        boxes: (n, 4) left, top, right, bottom, pixels of a window or of a scene.
        scores: (n,), 0 to 1.

    Raises:
        ValueError: There is not one score per box.
    """

    boxes: Boxes
    scores: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.boxes.shape != (len(self.scores), 4):
            raise ValueError(
                f'{self.boxes.shape} boxes and {self.scores.shape} scores; expected (n, 4) and (n,)'
            )


def joined(found: Detections, cut: BoolArray, overlap: float) -> Detections:
    """One box of each landslide that several windows saw.

    Args:
        found: Boxes of all windows, pixels of the scene, each with an area.
        cut: (n,) whether the edge of a window goes through the box: it may be a piece.
        overlap: Of two boxes with a larger IoU the surer one stays. A piece also goes where so
            large a share of it lies in another box.

    Returns:
        The boxes that stay, the surest first. A whole box wins over a piece of it, whatever their
        scores.
    """
    kept: list[int] = []
    for i in np.lexsort((-found.scores, cut)):  # whole ones first, then by score
        # over a crowd the common area is held against that of the box alone
        alone = np.full(len(kept), cut[i])
        if not (box_iou(found.boxes[[i]], found.boxes[kept], alone) > overlap).any():
            kept.append(int(i))
    kept.sort(key=lambda i: -found.scores[i])
    return Detections(found.boxes[kept], found.scores[kept])
