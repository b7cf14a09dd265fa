"""Which windows of a scene are worth mapping: the first of two stages.

Flow: windows that were read -> [here, with any screen] -> candidates for inference.scene_predictor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fusionls.errors import InputError
from fusionls.geo.raster import BoolArray

if TYPE_CHECKING:
    from fusionls.inference.scene_predictor import Batch

Screen: TypeAlias = 'Callable[[Batch], NDArray[np.floating]]'
"""From a batch of windows to the probability (N,) that each holds a landslide."""


@dataclass
class Screening:
    """A screen with its threshold, and the count of what it did.

    Attributes:
        screen: See :data:`Screen`.
        threshold: A window is a candidate from this probability on; 0 keeps all.
        looked: Windows screened so far.
        kept: Candidates among them.

    Raises:
        InputError: The threshold is no probability.
    """

    screen: Screen
    threshold: float = 0.5
    looked: int = 0
    kept: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise InputError(f'the threshold of the screen is {self.threshold}; expected 0 to 1')

    def candidates(self, batch: Batch) -> BoolArray:
        """(N,) the windows to map.

        Raises:
            ValueError: The screen said something that is no probability of each window.
        """
        count = len(next(iter(batch.values()))[1])
        found = np.asarray(self.screen(batch))
        if found.shape != (count,) or not bool(((found >= 0) & (found <= 1)).all()):
            raise ValueError(
                f'the screen returned {found}; expected a probability for each of {count} windows'
            )
        kept = found >= self.threshold
        self.looked += count
        self.kept += int(kept.sum())
        return np.asarray(kept)
