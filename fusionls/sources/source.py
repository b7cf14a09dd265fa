"""What every reader of a product gives: layers of one grid that can be read window by window.

Flow: files -> sources.* (one reader per product) -> [this form] -> stack.align.
Whatever the product counts in, a source gives canonical units, our signs and a valid mask, and
keeps on record what the product itself said.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from fusionls.errors import GridMismatchError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.quantities import Kind, Quantity


class North(StrEnum):
    """What azimuths and east and north components of a source are counted from."""

    GRID = 'grid'  # the columns of its own grid
    TRUE = 'true'  # the meridian


class Source(ABC):
    """Layers of one product on one grid.

    Attributes:
        path: The file that error texts name.
        grid: Where the pixels are.
        quantities: Unit and kind by layer name, in band order.
        files: Every file it is read from, for the record.
        north: What its azimuths and vector components are counted from.
        masks: Whether its invalid pixels make every layer of its modality invalid (a cloud
            mask, a coherence threshold).
        hidden: Layers that stand in the stack only where they are asked for (``keep``).
        record: What the product said of itself: its sign, unit, dates, reference; plain values
            for ``stack.json``.
    """

    path: Path
    grid: Grid
    quantities: dict[str, Quantity]
    record: Mapping[str, Any] = MappingProxyType({})

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file it is read from."""
        return (self.path,)

    @property
    def north(self) -> North:
        """What its azimuths and vector components are counted from."""
        return North.GRID

    @property
    def masks(self) -> bool:
        """Whether its invalid pixels make every layer of its modality invalid."""
        return False

    @property
    def hidden(self) -> frozenset[str]:
        """Layers that stand in the stack only where they are asked for."""
        return frozenset()

    @property
    def layers(self) -> tuple[str, ...]:
        """Layer names in band order."""
        return tuple(self.quantities)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Kind of each layer."""
        return tuple(quantity.kind for quantity in self.quantities.values())

    @abstractmethod
    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """Read all layers of a window that lies inside the grid; the whole by default.

        Returns:
            values (layers, h, w) float32 in canonical units, zero where invalid; valid, alike.
        """

    def on(self, grid: Grid) -> Source:
        """The source as it is best read onto ``grid``: points are gridded on its very pixels.

        Rasters give themselves. What is given may have any grid, and is resampled from there.
        """
        return self


@dataclass(frozen=True)
class ArraySource(Source):
    """Layers that are in memory: gridded points, constants, results of a first pass.

    Attributes:
        values: (layers, rows, cols) in canonical units; anything where invalid.
        valid: (layers, rows, cols) bool, or (rows, cols) for all layers.
    """

    path: Path
    grid: Grid
    quantities: dict[str, Quantity]
    values: FloatArray
    valid: BoolArray
    files: tuple[Path, ...] = ()
    north: North = North.GRID
    masks: bool = False
    hidden: frozenset[str] = frozenset()
    record: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = (len(self.quantities), *self.grid.shape)
        if self.values.shape != expected or self.valid.shape not in (expected, expected[1:]):
            raise GridMismatchError(
                f'{self.path}: values are {self.values.shape} and valid {self.valid.shape}, '
                f'expected {expected}'
            )

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`."""
        rows, cols = (window or self.grid.window).slices
        values = self.values[:, rows, cols]
        valid = np.broadcast_to(self.valid, self.values.shape)[:, rows, cols].copy()
        return np.where(valid, values, np.float32(0)).astype(np.float32, copy=False), valid


@dataclass(frozen=True)
class WrappedSource(Source):
    """Another source, seen through something; what is not overridden is that source's.

    Attributes:
        whole: The source behind.
    """

    whole: Source

    @property
    def path(self) -> Path:  # type: ignore[override]
        """See :class:`Source`, as the rest."""
        return self.whole.path

    @property
    def grid(self) -> Grid:  # type: ignore[override]
        """See :class:`Source`."""
        return self.whole.grid

    @property
    def quantities(self) -> dict[str, Quantity]:  # type: ignore[override]
        """See :class:`Source`."""
        return self.whole.quantities

    @property
    def record(self) -> Mapping[str, Any]:  # type: ignore[override]
        """See :class:`Source`."""
        return self.whole.record

    @property
    def files(self) -> tuple[Path, ...]:
        """See :class:`Source`."""
        return self.whole.files

    @property
    def north(self) -> North:
        """See :class:`Source`."""
        return self.whole.north

    @property
    def masks(self) -> bool:
        """See :class:`Source`."""
        return self.whole.masks

    @property
    def hidden(self) -> frozenset[str]:
        """See :class:`Source`."""
        return self.whole.hidden

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`."""
        return self.whole.read(window)

    def on(self, grid: Grid) -> Source:
        """See :class:`Source`."""
        gridded = self.whole.on(grid)
        return self if gridded is self.whole else replace(self, whole=gridded)
