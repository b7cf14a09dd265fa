"""Is a tile a landslide tile? The one rule that data, screens and metrics share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionls.errors import InputError
from fusionls.sources.mapped_landslides import LANDSLIDE

LEAST_SHARE = 0.05
"""A tile with a smaller share of landslide is none: a corner that reaches in is no sight of one."""
NO_CLASS = -100
"""Class of a tile nobody mapped; torch's cross-entropy leaves it out by itself."""


def tile_class(labels: NDArray[Any], least_share: float = LEAST_SHARE) -> int:
    """1 where at least ``least_share`` of the labelled pixels are landslide, else 0.

    Args:
        labels: (H, W) of 1 landslide, 0 none, 255 not mapped.
        least_share: Above 0 and up to 1.

    Returns:
        0 or 1; :data:`NO_CLASS` where no pixel is labelled.

    Raises:
        InputError: ``least_share`` is no such share.
    """
    if not 0 < least_share <= 1:
        raise InputError(f'least_share is {least_share}; expected a share above 0 and up to 1')
    labelled = int(np.count_nonzero(labels <= LANDSLIDE))
    if labelled == 0:
        return NO_CLASS
    return int(np.count_nonzero(labels == LANDSLIDE) >= least_share * labelled)
