"""Metrics that add up as they go: memory grows with blocks of ground, not with tiles."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dist import get_dist_info
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray
from torch import Tensor

from fusionls.evaluation.functional.map_sums import Rules
from fusionls.evaluation.tally import Tally

BLOCK = 512
"""Side of a block of ground, base pixels."""


class StreamingMetric(BaseMetric):
    """Counts tile by tile; scores once, from the sums over all tiles and processes.

    Args:
        threshold: A pixel is predicted a landslide from this probability on.
        iou_threshold: From this IoU on two objects are the same.
        centroid_distance: Up to this distance of centroids, pixels, two objects are the same.
        least_pixels: Smaller objects are left out on both sides.
        boundary_distances: Distances at which outlines agree, pixels.
        size_edges: Edges of the size classes, square metres.
        block: Side of the blocks of ground that are drawn for confidence intervals, base pixels.
            A tile belongs to the block its centre is in; blocks must be larger than the reach
            of what neighbours share, and there should be 20 of them or more.
    """

    default_prefix = 'landslide'

    def __init__(
        self,
        *,
        threshold: float = Rules.threshold,
        iou_threshold: float = Rules.iou_threshold,
        centroid_distance: float = Rules.centroid_distance,
        least_pixels: int = Rules.least_pixels,
        boundary_distances: Sequence[float] = Rules.boundary_distances,
        size_edges: Sequence[float] = Rules.size_edges,
        block: int = BLOCK,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.rules = Rules(
            threshold=threshold,
            iou_threshold=iou_threshold,
            centroid_distance=centroid_distance,
            least_pixels=least_pixels,
            boundary_distances=tuple(boundary_distances),
            size_edges=tuple(size_edges),
        )
        self.block = block
        self.evaluated: Tally | None = None
        """The tally of the last evaluation, on the main process."""
        self._start()

    def _start(self) -> None:
        self._sum = Tally()
        self._last = Tally()  # apart: it may be a sample that only fills up the last batch
        self._samples = 0

    @abstractmethod
    def tally(self, sample: Mapping[str, Any], inputs: Mapping[str, Any]) -> Tally:
        """Count one sample.

        Args:
            sample: Prediction and truth, tensors on any device.
            inputs: What the model was shown, by modality; empty where unknown.
        """

    def process(self, data_batch: dict[str, Any], data_samples: Sequence[dict[str, Any]]) -> None:
        """Count one batch."""
        shown = data_batch.get('inputs', [{}] * len(data_samples))
        for sample, inputs in zip(data_samples, shown, strict=True):
            self._sum += self._last
            self._last = self.tally(sample, inputs)
            self._samples += 1

    def evaluate(self, size: int) -> dict[str, float]:
        """Scores of all processes together.

        Args:
            size: Samples of the data set; what mmengine's sampler repeats beyond them, so that
                every process has as many, does not count.
        """
        rank, processes = get_dist_info()
        if self._samples and (self._samples - 1) * processes + rank < size:
            self._sum += self._last
        self.results = [self._sum]
        found: dict[str, float] = super().evaluate(max(size, processes))
        self._start()
        return found

    def compute_metrics(self, results: list[Tally]) -> dict[str, float]:
        """Scores of the tallies of all processes."""
        whole = Tally()
        for tally in results:
            whole += tally
        self.evaluated = whole
        return whole.scores(self.rules)

    def block_of(self, sample: Mapping[str, Any]) -> str:
        """Scene and block of ground that a tile belongs to; a tile of unknown place is one."""
        scene, window = sample.get('scene'), sample.get('window')
        if scene is None or window is None:
            rank, _ = get_dist_info()
            return f'tile {self._samples} of process {rank}'
        row, col, height, width = window
        return f'{scene} {(row + height // 2) // self.block} {(col + width // 2) // self.block}'


def pixel_area(sample: Mapping[str, Any]) -> float:
    """Square metres of a pixel; 1 where the sample does not say."""
    return float(sample.get('pixel', 1.0)) ** 2


def valid_masks(
    inputs: Mapping[str, tuple[Tensor, Tensor]], shape: tuple[int, int]
) -> dict[str, NDArray[np.bool_]]:
    """(H, W) where each modality has data, on the base grid."""
    return {
        modality: on_base(valid[0].cpu().numpy(), shape) for modality, (_, valid) in inputs.items()
    }


def on_base(coarse: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """(H, W) from (H/f, W/f): each pixel repeated f times both ways."""
    factor = shape[0] // coarse.shape[0]
    return np.repeat(np.repeat(coarse, factor, axis=0), factor, axis=1)
