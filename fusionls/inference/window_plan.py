"""Where the windows of a scene lie: pure numbers.

Flow: the shape of a scene -> [here] -> inference.scene_predictor.
Windows form a lattice, top to bottom and left to right. They are shifted inwards at the lower
and right edge, so that a window hangs over only where the scene is smaller than a window or no
multiple of the step fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fusionls.errors import InputError
from fusionls.geo.window import Window


@dataclass(frozen=True)
class WindowPlan:
    """Square windows that cover a scene.

    Attributes:
        shape: Rows and columns of the scene.
        side: Side of a window, pixels.
        overlap: Least number of pixels that neighbours share.
        row_starts: First row of each row of windows, ascending.
        col_starts: First column of each column of windows, ascending.

    Example:
        >>> plan((512, 900), window=512, overlap=128, multiple=4).col_starts
        (0, 384, 388)
    """

    shape: tuple[int, int]
    side: int
    overlap: int
    row_starts: tuple[int, ...]
    col_starts: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.row_starts) * len(self.col_starts)

    def bands(self) -> Iterator[tuple[list[Window], int]]:
        """Rows of windows, top to bottom.

        Yields:
            The windows of one row, left to right, and the scene row up to which (exclusive) no
            later window reaches back.
        """
        ends = (*self.row_starts[1:], self.shape[0])
        for row, end in zip(self.row_starts, ends, strict=True):
            yield [Window(row, col, self.side, self.side) for col in self.col_starts], end


def plan(shape: tuple[int, int], window: int, overlap: int, multiple: int) -> WindowPlan:
    """Plan the windows of a scene.

    Args:
        shape: Rows and columns of the scene, pixels.
        window: Side of a window, pixels; a multiple of ``multiple``.
        overlap: Least number of pixels that neighbours share; below ``window``. Rounded up to
            a multiple of ``multiple``.
        multiple: Windows start and end on multiples of this.

    Raises:
        InputError: The numbers do not fit each other; all at once, with ones that would.
    """
    rows, cols = shape
    if rows <= 0 or cols <= 0 or multiple <= 0:
        raise ValueError(f'shape {shape} and multiple {multiple} must be > 0')
    if window <= 0 or window % multiple:
        nearest = max(round(window / multiple), 1) * multiple
        raise InputError(
            f'a window of {window} pixels is no multiple of {multiple}, the coarsest pixel of '
            f'the scene; use {nearest}'
        )
    shared = -(-overlap // multiple) * multiple
    if not 0 <= shared < window:
        raise InputError(
            f'an overlap of {overlap} pixels (a multiple of {multiple} is needed, so {shared}) '
            f'does not fit a window of {window}; use one from 0 to {window - multiple}'
        )
    step = window - shared
    return WindowPlan(
        (rows, cols),
        window,
        shared,
        _starts(rows, window, step, multiple),
        _starts(cols, window, step, multiple),
    )


def _starts(length: int, window: int, step: int, multiple: int) -> tuple[int, ...]:
    if length <= window:
        return (0,)
    last = -(-(length - window) // multiple) * multiple
    return (*range(0, last, step), last)
