"""A scene nobody has mapped, for training that asks for no labels.

Flow: a stack -> [here] -> datasets.tile_dataset -> models.pretraining.
Every pixel of the grid counts as looked at, so that tiles are chosen by what is valid alone.
Whatever landslides are mapped there are not read: pre-training sees none of the labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.sources.mapped_landslides import UNMAPPED

if TYPE_CHECKING:
    from fusionls.datasets.tile_dataset import Scene


class UnlabelledScene:
    """The layers of a scene without its labels.

    Args:
        scene: Any scene; its layers are read as they are.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    @property
    def name(self) -> str:
        """Name for messages."""
        return self._scene.name

    @property
    def grid(self) -> Grid:
        """The base grid."""
        return self._scene.grid

    @property
    def modalities(self) -> Mapping[str, Any]:
        """Modalities by name."""
        return self._scene.modalities

    def read(
        self, window: Window, modalities: Sequence[str] | None = None
    ) -> dict[str, tuple[FloatArray, BoolArray]]:
        """Values and valid, as the scene reads them."""
        return self._scene.read(window, modalities)

    def read_labels(self, window: Window) -> NDArray[np.uint8]:
        """(h, w): 0 on the grid, 255 outside; never a landslide."""
        rows, cols = self.grid.shape
        r = np.arange(window.row, window.row + window.height)[:, None]
        c = np.arange(window.col, window.col + window.width)[None, :]
        inside = (r >= 0) & (r < rows) & (c >= 0) & (c < cols)
        return np.where(inside, np.uint8(0), np.uint8(UNMAPPED))
