"""The place of every pixel: CRS, origin, pixel size and shape of a north-up raster."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pyproj
from affine import Affine

from fusionls.errors import GridMismatchError
from fusionls.geo.window import Window


@dataclass(frozen=True)
class Grid:
    """A north-up pixel grid; immutable.

    Attributes:
        crs: Where the coordinates live.
        west: Left edge of the first column, CRS units.
        north: Upper edge of the first row, CRS units.
        pixel_width: Column step, CRS units, > 0.
        pixel_height: Row step, CRS units, > 0 (rows run southward).
        rows: Number of rows.
        cols: Number of columns.
    """

    crs: pyproj.CRS
    west: float
    north: float
    pixel_width: float
    pixel_height: float
    rows: int
    cols: int

    def __post_init__(self) -> None:
        if not (self.pixel_width > 0 and self.pixel_height > 0):
            raise ValueError(
                f'a Grid needs pixel sizes > 0, got {self.pixel_width} x {self.pixel_height}'
            )
        if self.rows <= 0 or self.cols <= 0:
            raise ValueError(f'a Grid needs rows and cols > 0, got {self.rows} x {self.cols}')
        if not all(map(math.isfinite, (self.west, self.north))):
            raise ValueError(f'a Grid needs a finite origin, got ({self.west}, {self.north})')

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return (self.rows, self.cols)

    @property
    def east(self) -> float:
        """Right edge of the last column, CRS units."""
        return self.west + self.cols * self.pixel_width

    @property
    def south(self) -> float:
        """Lower edge of the last row, CRS units."""
        return self.north - self.rows * self.pixel_height

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north, CRS units."""
        return (self.west, self.south, self.east, self.north)

    @property
    def transform(self) -> Affine:
        """The rasterio transform, from (col, row) to (east, north)."""
        return Affine(self.pixel_width, 0.0, self.west, 0.0, -self.pixel_height, self.north)

    @property
    def window(self) -> Window:
        """The whole grid as a window of itself."""
        return Window(0, 0, self.rows, self.cols)

    @property
    def metres_per_unit(self) -> float:
        """Length of one CRS unit in metres.

        Raises:
            GridMismatchError: The CRS is geographic (units are angles).
        """
        if self.crs.is_geographic:
            raise GridMismatchError(
                f'{self.crs.name} counts in degrees; a projected CRS is needed here. '
                f'Name one as grid: {{crs: ...}} in the scene description.'
            )
        return float(self.crs.axis_info[0].unit_conversion_factor)

    @property
    def pixel(self) -> float:
        """Side of the square pixel, metres.

        Raises:
            GridMismatchError: Pixels are not square, or the CRS is geographic.
        """
        if not math.isclose(self.pixel_width, self.pixel_height, rel_tol=1e-6):
            raise GridMismatchError(
                f'pixels of {self.pixel_width} x {self.pixel_height} are not square'
            )
        return self.pixel_width * self.metres_per_unit

    def coarser(self, factor: int) -> Grid:
        """The same extent in pixels ``factor`` times as large.

        Raises:
            GridMismatchError: The shape is no multiple of ``factor``.
        """
        if self.rows % factor or self.cols % factor:
            raise GridMismatchError(
                f'a grid of {self.rows} x {self.cols} pixels cannot be read in blocks of {factor}'
            )
        return Grid(
            self.crs,
            self.west,
            self.north,
            self.pixel_width * factor,
            self.pixel_height * factor,
            self.rows // factor,
            self.cols // factor,
        )

    def part(self, window: Window) -> Grid:
        """The grid of a window; the window may hang over the edge."""
        return Grid(
            self.crs,
            self.west + window.col * self.pixel_width,
            self.north - window.row * self.pixel_height,
            self.pixel_width,
            self.pixel_height,
            window.height,
            window.width,
        )

    def shifted(self, east: float, north: float) -> Grid:
        """The same pixels moved by CRS units toward the east and the north."""
        return replace(self, west=self.west + east, north=self.north + north)

    def is_same_as(self, other: Grid, tolerance: float = 1e-3) -> bool:
        """Whether both grids have the same CRS and shape, and corners within a share of a pixel."""
        limit = tolerance * min(self.pixel_width, self.pixel_height)
        corners = zip(self.bounds, other.bounds, strict=True)
        return (
            self.shape == other.shape
            and all(abs(a - b) <= limit for a, b in corners)
            and self.crs == other.crs
        )

    def __str__(self) -> str:
        code = self.crs.to_string()
        name = code if len(code) < 20 else self.crs.name
        return (
            f'{self.rows} x {self.cols} pixels of {self.pixel_width:g} x {self.pixel_height:g}, '
            f'{name}, origin ({self.west:.10g}, {self.north:.10g})'
        )
