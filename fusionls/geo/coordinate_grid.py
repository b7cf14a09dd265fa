"""Where the pixels of one grid lie in another, fast and to a thousandth of a pixel.

Flow: two grids -> [here] -> geo.resample.
A projection is smooth: its exact value at every 32nd pixel, and straight lines in between, err by
far less than a thousandth of a pixel. Where that is not so (near a pole, across the line where
longitudes start again, where a projection ends) every pixel is projected. The points lie on
multiples of 32 pixels of the target grid, whatever window is asked for, so that windows equal the
whole bit for bit.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pyproj
from numpy.typing import NDArray

from fusionls.geo.grid import Grid
from fusionls.geo.window import Window

STEP = 32
"""Target pixels between points that are projected exactly."""
TOLERANCE = 5e-4
"""Error, in source pixels, beyond which the pixels between four points are projected themselves."""

Positions = NDArray[np.float64]


@functools.lru_cache(maxsize=64)
def transformer(source_wkt: str, target_wkt: str) -> pyproj.Transformer:
    """A transformer between two CRS, x east first; made once, for making one takes long."""
    return pyproj.Transformer.from_crs(
        pyproj.CRS.from_wkt(source_wkt), pyproj.CRS.from_wkt(target_wkt), always_xy=True
    )


@dataclass(frozen=True)
class CoordinateGrid:
    """Positions of target pixels in a source.

    Attributes:
        source: Grid to find positions in.
        target: Grid whose pixels are looked for.
    """

    source: Grid
    target: Grid

    def exact(self, cols: Positions, rows: Positions) -> tuple[Positions, Positions]:
        """Columns and rows in the source of columns and rows of the target; both count corners.

        Infinite where the place does not exist in the CRS of the source. Longitudes are taken
        modulo 360 to the nearest turn of the source, so that -170 is found in 0 to 360.
        """
        east = self.target.west + cols * self.target.pixel_width
        north = self.target.north - rows * self.target.pixel_height
        source = self.source
        if source.crs != self.target.crs:
            east, north = self._to_source.transform(east, north)
        if source.crs.is_geographic:
            turn = 2 * np.pi / source.crs.axis_info[0].unit_conversion_factor  # 360 degrees
            middle = (source.west + source.east) / 2
            with np.errstate(invalid='ignore'):
                east = east - turn * np.round((east - middle) / turn)
        return (east - source.west) / source.pixel_width, (
            source.north - north
        ) / source.pixel_height

    @functools.cached_property
    def _to_source(self) -> pyproj.Transformer:
        return transformer(self.target.crs.to_wkt(), self.source.crs.to_wkt())

    def positions(self, window: Window, parts: int = 1) -> tuple[Positions, Positions]:
        """Columns and rows in the source of the middles of the pixels of a window.

        Args:
            window: Pixels of the target; may hang over the edge.
            parts: Each pixel is cut into so many parts along each side.

        Returns:
            (h * parts, w * parts) each; where the source ends, infinite or beyond its edges.
        """
        first_row, first_col = window.row // STEP, window.col // STEP
        last_row = -(-(window.row + window.height) // STEP)
        last_col = -(-(window.col + window.width) // STEP)
        # every half step: the corners between which is interpolated, and the points to judge by
        rows = np.arange(2 * first_row, 2 * last_row + 1) * (STEP / 2)
        cols = np.arange(2 * first_col, 2 * last_col + 1) * (STEP / 2)
        probes = self.exact(*np.meshgrid(cols, rows))
        down = _shares(window.row - first_row * STEP, window.height, parts)
        along = (np.arange(STEP * parts) + 0.5) / (STEP * parts)
        left = (window.col - first_col * STEP) * parts
        crop = slice(left, left + window.width * parts)
        found = tuple(_between_corners(probe[::2, ::2], down, along)[:, crop] for probe in probes)
        for block_row, block_col in np.argwhere(_bent(probes[0]) | _bent(probes[1])):
            here = _common(int(block_row + first_row), window.row, window.height)
            there = _common(int(block_col + first_col), window.col, window.width)
            at = np.meshgrid(_middles(there, parts), _middles(here, parts))
            into = tuple(
                slice((span[0] - start) * parts, (span[1] - start) * parts)
                for span, start in ((here, window.row), (there, window.col))
            )
            for out, exact in zip(found, self.exact(*at), strict=True):
                out[into] = exact
        return found[0], found[1]


def _shares(offset: int, length: int, parts: int) -> Positions:
    """Places of pixel middles in steps from the first corner."""
    return (np.arange(offset * parts, (offset + length) * parts) + 0.5) / (STEP * parts)


def _between_corners(corners: Positions, down: Positions, along: Positions) -> Positions:
    """Straight lines between corners: first down the sides of the blocks, then along them."""
    above = down.astype(np.intp)
    share = (down - above)[:, None]
    with np.errstate(invalid='ignore'):  # where a projection ends; done again pixel by pixel
        sides = corners[above] + share * (corners[above + 1] - corners[above])
        found = (sides[:, 1:] - sides[:, :-1])[:, :, None] * along
        found += sides[:, :-1, None]
    return found.reshape(len(down), -1)


def _common(block: int, start: int, length: int) -> tuple[int, int]:
    """Pixels of a block that lie in a window, from and to."""
    return max(block * STEP, start), min((block + 1) * STEP, start + length)


def _middles(span: tuple[int, int], parts: int) -> Positions:
    return (np.arange(span[0] * parts, span[1] * parts) + 0.5) / parts


def _bent(probe: Positions) -> NDArray[np.bool_]:
    """Blocks within which straight lines between the corners are not good enough."""
    north_west, north_east = probe[:-2:2, :-2:2], probe[:-2:2, 2::2]
    south_west, south_east = probe[2::2, :-2:2], probe[2::2, 2::2]
    with np.errstate(invalid='ignore'):
        errors = [
            probe[1::2, 1::2] - (north_west + north_east + south_west + south_east) / 4,
            probe[:-2:2, 1::2] - (north_west + north_east) / 2,
            probe[2::2, 1::2] - (south_west + south_east) / 2,
            probe[1::2, :-2:2] - (north_west + south_west) / 2,
            probe[1::2, 2::2] - (north_east + south_east) / 2,
        ]
        # written so that what is not a number counts as bent
        found: NDArray[np.bool_] = ~(np.abs(errors).max(0) <= TOLERANCE)
        return found
