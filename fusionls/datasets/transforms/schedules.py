"""What is done to a tile more often, or less, as training goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose

from fusionls.errors import InputError
from fusionls.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RampTransforms(BaseTransform):
    """Apply transforms to a share of the samples that moves in a straight line over the epochs.

    Source: curricula from easy to hard, Bengio et al. 2009, sec. 2; for dropout, Morerio et al.
    2017, Curriculum Dropout, whose rate rises with training from none.

    Required Keys: dataset, rng, and those of the transforms

    Args:
        transforms: What is applied, in order, to all of a sample or nothing of it.
        epochs: Epochs from the first share to the last.
        start: Share up to the epoch ``first``.
        stop: Share from the epoch ``first + epochs`` on.
        first: Epoch the ramp starts at, from 0.

    Raises:
        InputError: A share is not between 0 and 1, or an epoch is negative.

    Example:
        >>> ramp = RampTransforms(transforms=[], epochs=10, stop=0.5, first=5)
        >>> [ramp.share(epoch) for epoch in (0, 5, 10, 15, 99)]
        [0.0, 0.0, 0.25, 0.5, 0.5]
    """

    def __init__(
        self,
        *,
        transforms: Sequence[dict[str, Any] | Callable[..., Any]],
        epochs: int,
        start: float = 0.0,
        stop: float = 1.0,
        first: int = 0,
    ) -> None:
        if not (0 <= start <= 1 and 0 <= stop <= 1) or epochs < 1 or first < 0:
            raise InputError(
                f'RampTransforms: from {start} to {stop} over {epochs} epochs from epoch {first}; '
                'expected shares between 0 and 1, at least one epoch, from epoch 0 or later'
            )
        self.inner = Compose(list(transforms))
        self.epochs = epochs
        self.start = start
        self.stop = stop
        self.first = first

    def share(self, epoch: int) -> float:
        """Share of the samples in an epoch."""
        done = min(max((epoch - self.first) / self.epochs, 0.0), 1.0)
        return self.start + (self.stop - self.start) * done

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Apply, or leave the sample as it is; see the class."""
        rng: np.random.Generator = results['rng']
        if rng.random() >= self.share(results['dataset'].epoch):
            return results
        changed: dict[str, Any] | None = self.inner(results)
        return changed
