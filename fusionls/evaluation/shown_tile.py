"""A tile with its prediction, kept to be looked at."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.raster import BoolArray, FloatArray


@dataclass(frozen=True, order=True)
class ShownTile:
    """One tile with its prediction.

    Attributes:
        f1: F1 of this tile, 0 to 1.
        name: Scene, row and column.
        truth: (H, W) labels: 0, 1 and 255.
        probability: (H, W); for instances the score of the surest one, for labels 0 and 1.
        predicted: (H, W) bool.
        inputs: Values (C, H/f, W/f) and valid (H/f, W/f) by modality, as they were shown.
    """

    f1: float
    name: str
    truth: NDArray[np.uint8] = field(compare=False)
    probability: FloatArray = field(compare=False)
    predicted: BoolArray = field(compare=False)
    inputs: dict[str, tuple[FloatArray, BoolArray]] = field(compare=False)
