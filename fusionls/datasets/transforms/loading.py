"""Read the tile of a sample, moved at random and with context around it."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from fusionls.datasets.tile_dataset import UNLABELLED, TileDataset, coarsest_of
from fusionls.errors import InputError
from fusionls.geo.raster import any_valid
from fusionls.geo.window import Window
from fusionls.registry import TRANSFORMS

ATTEMPTS = 8
"""Moved windows are drawn so many times before the tile is taken where it is."""


@TRANSFORMS.register_module()
class LoadTile(BaseTransform):
    """Read inputs and labels.

    Required Keys: dataset, scene, window, rng

    Added Keys:
        - inputs ({modality: (values (C, H/f, W/f) float32, valid (H/f, W/f) bool)})
        - layers ({modality: layer names in channel order})
        - kinds ({modality: kinds in channel order})
        - pixels ({modality: pixel size, metres})
        - labels ((H, W) uint8; 1 landslide, 0 none, 255 does not count)
        - instances ((K, H, W) bool, single landslides), instances_ignored ((K,) bool): with
          ``instances``, where the scene knows them

    Modified Keys: window (what was really read)

    Args:
        context: Base pixels read around the tile.
        label_context: Whether labels of the context count. In testing they must not: the
            neighbouring tile counts them.
        jitter: The tile is moved by up to so many base pixels in each direction.
        instances: Whether single landslides are read, for ``PackInstanceTile``.

    Raises:
        InputError: ``context`` cuts the pixels of the scene's coarsest modality.
    """

    def __init__(
        self,
        *,
        context: int = 0,
        label_context: bool = True,
        jitter: int = 0,
        instances: bool = False,
    ) -> None:
        self.context = context
        self.label_context = label_context
        self.jitter = jitter
        self.instances = instances

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Read; see the class."""
        dataset: TileDataset = results['dataset']
        scene, _ = dataset.scenes[results['scene']]
        core: Window = results['window']
        step = coarsest_of(scene)
        if self.context % step:
            raise InputError(
                f'LoadTile: a context of {self.context} pixels cuts the pixels of the coarsest '
                f'modality of {scene.name}; use a multiple of {step}'
            )
        for attempt in range(ATTEMPTS if self.jitter else 1):
            window = core
            if self.jitter and attempt < ATTEMPTS - 1:
                reach = self.jitter // step
                down, right = results['rng'].integers(-reach, reach + 1, 2) * step
                window = Window(core.row + int(down), core.col + int(right), *_size(core))
            window = window.grown(self.context)
            inputs, labels = dataset.read_tile(results['scene'], window)
            if ((labels != UNLABELLED) & any_valid(inputs, labels.shape)).any():
                break
        outside = np.zeros(labels.shape, bool)
        if self.context and not self.label_context:
            outside[:] = True
            outside[self.context : -self.context, self.context : -self.context] = False
            labels = np.where(outside, np.uint8(UNLABELLED), labels)
        found = dataset.read_instances(results['scene'], window) if self.instances else None
        if found is not None:
            results['instances'], results['instances_ignored'] = found[0] & ~outside, found[1]
        results['window'] = window
        results['inputs'] = inputs
        results['labels'] = labels
        results['layers'] = {m: tuple(scene.modalities[m].layers) for m in dataset.layers}
        results['kinds'] = {m: dataset.kinds(results['scene'], m) for m in dataset.layers}
        results['pixels'] = {
            m: scene.grid.pixel * scene.modalities[m].factor for m in dataset.layers
        }
        return results


def _size(window: Window) -> tuple[int, int]:
    return window.height, window.width
