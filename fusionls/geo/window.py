"""A rectangle of pixels, in rows and columns of some grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Window:
    """Rows ``[row, row + height)`` and columns ``[col, col + width)``; may hang over an edge."""

    row: int
    col: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.height <= 0 or self.width <= 0:
            raise ValueError(f'a Window needs height and width > 0, got {self}')

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices; only meaningful for a window inside its grid."""
        return (
            slice(self.row, self.row + self.height),
            slice(self.col, self.col + self.width),
        )

    def shrunk(self, factor: int) -> Window:
        """The same rectangle on a grid whose pixels are ``factor`` times as large.

        Raises:
            ValueError: An edge of the window falls inside a coarse pixel.
        """
        if any(v % factor for v in (self.row, self.col, self.height, self.width)):
            raise ValueError(f'{self} does not lie on multiples of {factor} pixels')
        return Window(
            self.row // factor, self.col // factor, self.height // factor, self.width // factor
        )

    def intersection(self, other: Window) -> Window | None:
        """The common rectangle, or None where there is none."""
        row, col = max(self.row, other.row), max(self.col, other.col)
        bottom = min(self.row + self.height, other.row + other.height)
        right = min(self.col + self.width, other.col + other.width)
        if bottom <= row or right <= col:
            return None
        return Window(row, col, bottom - row, right - col)

    def relative_to(self, frame: Window) -> Window:
        """The same rectangle, counted from the first row and column of ``frame``."""
        return Window(self.row - frame.row, self.col - frame.col, self.height, self.width)

    def grown(self, margin: int) -> Window:
        """The rectangle with ``margin`` more pixels on each side."""
        return Window(
            self.row - margin, self.col - margin, self.height + 2 * margin, self.width + 2 * margin
        )


def row_strips(rows: int, cols: int, height: int) -> Iterator[Window]:
    """Full-width windows of ``height`` rows, top to bottom; the last may be lower."""
    for row in range(0, rows, height):
        yield Window(row, 0, min(height, rows - row), cols)
