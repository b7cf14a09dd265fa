"""Blend overlapping windows without seams: a weighted mean that needs a few rows at a time.

Flow: predictions of windows -> [here] -> finished rows of the map.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window


def raised_cosine(side: int, overlap: int) -> NDArray[np.float64]:
    """Weight of each pixel along one axis of a window.

    It rises as ``sin^2(pi (i + 1/2) / (2 t))`` over the first ``t = min(overlap, side // 2)``
    pixels (a raised cosine), is 1 in the middle and falls likewise at the end. Two windows that
    share ``t`` pixels then sum to 1 there. It is above 0 everywhere, so that the pixel in the
    corner of a scene, which only the corner of a window sees, has a value.

    Args:
        side: Side of the window, pixels.
        overlap: Pixels that neighbours share, 0 or more.

    Returns:
        (side,) in (0, 1].
    """
    weight = np.ones(side)
    taper = min(overlap, side // 2)
    if taper > 0:
        rise = np.sin(np.pi / 2 * (np.arange(taper) + 0.5) / taper) ** 2
        weight[:taper] = rise
        weight[-taper:] = rise[::-1]
    return weight


class BandBlender:
    """The rows of a map that are still open: weighted sums, and the weights.

    Sums are kept in float64: rounded to float32 in the end, a constant comes back bit for bit
    and so does a per-pixel prediction, whatever the windows.

    Args:
        cols: Width of the scene, pixels.
        side: Side of a window, pixels.
        overlap: Pixels over which windows fade.
    """

    def __init__(self, *, cols: int, side: int, overlap: int) -> None:
        profile = raised_cosine(side, overlap)
        self._weight = profile[:, None] * profile[None, :]
        self._sum = np.zeros((side, cols))
        self._total = np.zeros((side, cols))
        self._left_out = np.zeros((side, cols), bool)
        self._top = 0

    def add(self, probability: FloatArray, valid: BoolArray, window: Window) -> None:
        """Add the prediction of a window that starts at the first open row.

        Args:
            probability: (side, side); anything where invalid.
            valid: (side, side); only these pixels count.
            window: Where it lies; may hang over the right edge.

        Raises:
            ValueError: The window does not start at the first open row.
        """
        width, area = self._place(window)
        weight = np.where(valid[:, :width], self._weight[:, :width], 0)
        self._total[area] += weight
        # 0 * NaN is NaN, so invalid predictions are replaced and not only weighed with zero
        self._sum[area] += weight * np.where(valid[:, :width], probability[:, :width], 0)

    def leave_out(self, valid: BoolArray, window: Window) -> None:
        """Note a window that starts at the first open row and is not predicted.

        Args:
            valid: (side, side); these pixels become 0 where no window is added.
            window: As for :meth:`add`.

        Raises:
            ValueError: As :meth:`add`.
        """
        width, area = self._place(window)
        self._left_out[area] |= valid[:, :width]

    def _place(self, window: Window) -> tuple[int, tuple[slice, slice]]:
        """Columns of a window inside the scene, and the open pixels they are."""
        if window.row != self._top:
            raise ValueError(f'{window} does not start at the first open row, {self._top}')
        width = min(window.width, self._sum.shape[1] - window.col)
        return width, (slice(None), slice(window.col, window.col + width))

    def finish(self, end: int) -> FloatArray:
        """Close the rows above ``end`` and make room for as many new ones.

        Returns:
            (rows closed, cols) float32, NaN where no window had a valid pixel, 0 where only those
            left out had.
        """
        count = end - self._top
        total = self._total[:count]
        with np.errstate(invalid='ignore'):  # 0 / 0 is the NaN of an invalid pixel
            closed = (self._sum[:count] / total).astype(np.float32)
        closed[self._left_out[:count] & (total == 0)] = 0
        for buffer in (self._sum, self._total, self._left_out):
            buffer[: len(buffer) - count] = buffer[count:].copy()
            buffer[len(buffer) - count :] = 0
        self._top = end
        return closed

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All that the rows still to come depend on, for :meth:`resume`."""
        used = np.flatnonzero((self._total != 0).any(axis=1) | self._left_out.any(axis=1))
        rows = int(used[-1]) + 1 if len(used) else 0
        return {
            'top': np.array(self._top),
            'sum': self._sum[:rows],
            'total': self._total[:rows],
            'left_out': self._left_out[:rows],
        }

    def resume(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on where a blender of the same numbers was when :meth:`state` was asked."""
        self._top = int(state['top'])
        for name, buffer in (
            ('sum', self._sum),
            ('total', self._total),
            ('left_out', self._left_out),
        ):
            buffer[:] = 0
            buffer[: len(state[name])] = state[name]
