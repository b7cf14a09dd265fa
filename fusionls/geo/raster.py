"""One layer with its place and meaning: values, grid, valid mask, quantity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusionls.errors import GridMismatchError
from fusionls.geo.grid import Grid
from fusionls.quantities import Quantity

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Raster:
    """A map layer in memory.

    Attributes:
        name: Layer name, ``<modality>_<quantity>[_<qualifier>]``.
        values: (rows, cols) float32 in the quantity's unit; anything where invalid.
        valid: (rows, cols) bool, True where there are data.
        grid: Where the pixels are.
        quantity: Unit and kind.
    """

    name: str
    values: FloatArray
    valid: BoolArray
    grid: Grid
    quantity: Quantity

    def __post_init__(self) -> None:
        for part, array in (('values', self.values), ('valid', self.valid)):
            if array.shape != self.grid.shape:
                raise GridMismatchError(
                    f'{self.name}: {part} are {array.shape}, the grid is {self.grid.shape}'
                )

    @property
    def filled(self) -> FloatArray:
        """(rows, cols) float32, NaN where invalid."""
        return np.where(self.valid, self.values, np.float32(np.nan))


def any_valid(
    sample: Mapping[str, tuple[FloatArray, BoolArray]], shape: tuple[int, ...]
) -> BoolArray:
    """Where at least one modality is valid, on base pixels.

    Args:
        sample: By modality, values and valid (h / f, w / f) at its own pixel size.
        shape: (h, w), base pixels.
    """
    union = np.zeros(shape, bool)
    for _, valid in sample.values():
        factor = shape[0] // valid.shape[0]
        blocks = union.reshape(valid.shape[0], factor, valid.shape[1], factor)
        blocks |= valid[:, None, :, None]
    return union
