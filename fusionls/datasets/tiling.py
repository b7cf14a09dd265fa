"""Where tiles lie: pure arithmetic on windows."""

from __future__ import annotations

from fusionls.geo.window import Window


def tile_windows(shape: tuple[int, int], tile: int, step: int | None = None) -> list[Window]:
    """Square windows over a grid, row by row.

    Args:
        shape: Rows and columns of the grid.
        tile: Side of a window, pixels.
        step: Distance between windows, pixels; ``tile`` by default, so that they do not overlap.

    Returns:
        Windows that together cover the grid; the last of a row or column may hang over the edge.
    """
    step = step or tile
    starts = [list(range(0, max(length - tile, 0) + step, step)) for length in shape]
    starts = [[s for s in ones if s < length] for ones, length in zip(starts, shape, strict=True)]
    return [Window(row, col, tile, tile) for row in starts[0] for col in starts[1]]
