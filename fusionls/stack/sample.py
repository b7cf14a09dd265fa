"""A sample of a raster or a source: some windows of it, spread over the whole.

Flow: geo.raster_io or sources -> [here] -> stack.inspection, stack.align (fill values).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window

SIDE = 512
"""Side of a window, pixels."""
MOST_NUMBERS = 1 << 25
"""Numbers held of one file: 32 million, 128 MB."""
FILLS = (-9999.0, -99999.0, -32768.0, -32767.0, 32767.0, 65535.0, -999.0)
"""Values that products write where they have none."""
LEAST_FILL = 1e-5
"""Share of pixels from which such a value is told."""
FAR = 0.1
"""Share of the range of all others by which it must lie beyond them."""
Read = Callable[[Window], tuple[FloatArray, BoolArray]]


@dataclass(frozen=True)
class Sample:
    """Windows of a raster.

    Attributes:
        subject: The file.
        grid: Where its pixels are.
        bands: What each band is, where it is known: layer names, or empty.
        parts: Values (bands, h, w), zero where invalid, and valid, of each window.
    """

    subject: str
    grid: Grid
    bands: tuple[str, ...]
    parts: tuple[tuple[FloatArray, BoolArray], ...]

    @classmethod
    def of(
        cls, subject: str, grid: Grid, bands: Sequence[str], read: Read, most: int | None = None
    ) -> Sample:
        """Read the windows of a sample, ``most`` of them; raises what ``read`` raises."""
        most = most or max(MOST_NUMBERS // (SIDE * SIDE * max(len(bands), 1)), 1)
        parts = tuple(read(window) for window in sample_windows(grid, most))
        return cls(subject, grid, tuple(bands), parts)

    def values(self, band: int) -> FloatArray:
        """All valid values of a band, (n,)."""
        return np.concatenate([values[band][valid[band]] for values, valid in self.parts])

    def likely(self, band: int) -> FloatArray:
        """All valid values of a band but those that stand for none."""
        values = self.values(band)
        fill = lone_fill(values)
        return values if fill is None else values[values != fill]

    @cached_property
    def ranges(self) -> tuple[tuple[float, float] | None, ...]:
        """Lowest and highest valid value of each band; None where none is valid."""
        found: list[tuple[float, float] | None] = []
        for band in range(len(self.bands)):
            values = self.values(band)
            found.append((float(values.min()), float(values.max())) if values.size else None)
        return tuple(found)

    @cached_property
    def valid_share(self) -> float:
        """Share of pixels that are valid in all bands."""
        joint = [valid.all(0) for _, valid in self.parts]
        return float(sum(v.sum() for v in joint) / sum(v.size for v in joint))


def lone_fill(values: FloatArray) -> float | None:
    """A value such as -9999 that stands alone, far from all others; None where there is none.

    Args:
        values: (n,), valid as far as the file says.
    """
    for fill in FILLS:
        there = values == np.float32(fill)
        if not LEAST_FILL * values.size <= there.sum() < values.size:
            continue
        rest = values[~there]
        low, high = float(rest.min()), float(rest.max())
        gap = max(low - fill, fill - high)
        if gap > FAR * max(high - low, 1e-9):
            return fill
    return None


def sample_windows(grid: Grid, most: int) -> Iterator[Window]:
    """At most ``most`` windows, evenly spread; the whole raster where they can cover it."""
    down, along = (math.ceil(n / SIDE) for n in grid.shape)
    if down * along > most:
        share = math.sqrt(most / (down * along))
        down, along = max(int(down * share), 1), max(int(along * share), 1)
    for row in _spread(grid.rows, down):
        for col in _spread(grid.cols, along):
            yield Window(row, col, min(SIDE, grid.rows - row), min(SIDE, grid.cols - col))


def _spread(length: int, count: int) -> list[int]:
    """Starts of ``count`` windows: side by side where they cover the length, else spread."""
    if count * SIDE >= length:
        return [index * SIDE for index in range(count)]
    return (
        [round(n) for n in np.linspace(0, length - SIDE, count)]
        if count > 1
        else [(length - SIDE) // 2]
    )
