"""See a landslide from every side: the tile turned about it, epoch after epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.datasets.transforms.warp import Warp, WarpingTransform
from fusionls.errors import InputError
from fusionls.registry import TRANSFORMS


@TRANSFORMS.register_module()
class CircleTile(WarpingTransform):
    """Turn a tile about its landslide to the next of evenly spaced directions in each epoch.

    Of the tile's landslides the one next to its middle comes to the middle, or as near as what
    was read allows; a tile without one is turned about its own middle. In ``views`` epochs every
    landslide is seen once from every direction; which comes first is drawn for each tile.

    Source: the circular view of landslides in the review "Advances in Deep Learning Recognition
    of Landslides Based on Remote Sensing Images", Remote Sens. 2024, 16(10), 1787.
    Differs: values turn by the kind of their layer, not the pixels of a picture alone.

    Required Keys: dataset, sample_idx, inputs, labels, layers, kinds, pixels, window; instances
    where they are

    Modified Keys: inputs, labels, instances, window (the ground about the landslide)

    Args:
        size: Side of the tile it makes, base pixels. Read a larger one before
            (``LoadTile(context=...)``): sqrt(2) times as wide, and wider where landslides far
            from the middle shall come there.
        views: Number of directions.

    Raises:
        InputError: ``views`` is below 1, or the tile read is too small.
        LayerMissingError: See ``warp.warped``.
    """

    def __init__(self, *, size: int, views: int = 8) -> None:
        super().__init__(size)
        if views < 1:
            raise InputError(f'CircleTile: views is {views}; expected 1 or more')
        self.views = views

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Turn; see the class."""
        angles = np.arange(self.views) * 360 / self.views
        middle = (0.0, 0.0)
        self.check(results, max(2 * Warp(a, 1.0, self.size, middle).reach for a in angles) - 1e-6)
        dataset = results['dataset']
        first = np.random.default_rng([dataset.seed, results['sample_idx']]).integers(self.views)
        angle = float(angles[(int(first) + dataset.epoch) % self.views])
        reach = Warp(angle, 1.0, self.size, middle).reach
        row, col = (
            float(np.clip(c, reach, n - reach))
            for c, n in zip(
                centre_of_landslide(results['labels']), results['labels'].shape, strict=True
            )
        )
        return self.apply(results, Warp(angle, 1.0, self.size, (row, col)))


def centre_of_landslide(labels: NDArray[np.uint8]) -> tuple[float, float]:
    """Centroid of the landslide next to the middle, or the middle where there is none.

    Args:
        labels: (H, W); 1 landslide.

    Returns:
        Row and column, pixels from the upper left corner of the tile.
    """
    middle = np.array(labels.shape) / 2
    numbered, count = ndimage.label(labels == 1, structure=np.ones((3, 3)))
    if not count:
        return float(middle[0]), float(middle[1])
    rows, cols = np.nonzero(numbered)
    number = numbered[rows, cols]
    sums = [np.bincount(number, weights, count + 1)[1:] for weights in (rows, cols)]
    found = np.stack(sums, 1) / np.bincount(number, minlength=count + 1)[1:, None] + 0.5
    nearest = found[((found - middle) ** 2).sum(1).argmin()]
    return float(nearest[0]), float(nearest[1])
