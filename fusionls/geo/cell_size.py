"""How large the cells of a grid are on the ground: one number, or one per row in degrees.

Source: radii of curvature of the ellipsoid in the meridian (M) and the prime vertical (N),
Snyder (1987), Map Projections: A Working Manual, USGS PP 1395, eq. 4-18 to 4-20.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.grid import Grid


@dataclass(frozen=True)
class CellSize:
    """Sides of the cells of each row, metres; for grids in degrees and for oblong pixels.

    Attributes:
        east: (rows,) from west to east.
        north: (rows,) from south to north.
    """

    east: NDArray[np.float64]
    north: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.east.shape != self.north.shape or self.east.ndim != 1:
            raise ValueError(
                f'a CellSize needs one side per row, got {self.east.shape}, {self.north.shape}'
            )
        if not (self.east > 0).all() or not (self.north > 0).all():
            raise ValueError('a CellSize needs sides > 0 m; does the grid reach a pole?')

    def rows(self, part: slice) -> CellSize:
        """The cells of some rows."""
        return CellSize(self.east[part], self.north[part])


Cell = float | CellSize
"""Side of square cells in metres, or the sides row by row."""


def cell_size(grid: Grid) -> Cell:
    """Ground size of the cells of a grid in any CRS.

    Returns:
        Metres: one number for square pixels of a projected CRS; else the sides row by row, on
        the ellipsoid of the CRS at the middle of each row where it counts in degrees.
    """
    if not grid.crs.is_geographic:
        scale = grid.metres_per_unit
        if grid.pixel_width == grid.pixel_height:
            return grid.pixel_width * scale
        return CellSize(
            np.full(grid.rows, grid.pixel_width * scale),
            np.full(grid.rows, grid.pixel_height * scale),
        )
    unit = grid.crs.axis_info[0].unit_conversion_factor  # radians per degree, as a rule
    latitude = (grid.north - (np.arange(grid.rows) + 0.5) * grid.pixel_height) * unit
    ellipsoid = grid.crs.get_geod()
    major = ellipsoid.a if ellipsoid else 6378137.0
    squared = ellipsoid.es if ellipsoid else 0.00669438  # eccentricity squared; else WGS 84
    bent = 1 - squared * np.sin(latitude) ** 2
    prime_vertical = major / np.sqrt(bent)
    meridian = major * (1 - squared) / bent**1.5
    return CellSize(
        prime_vertical * np.cos(latitude) * grid.pixel_width * unit,
        meridian * grid.pixel_height * unit,
    )
