"""The 3x3 neighbourhood of every cell, read once for all layers that need it.

Flow: elevation -> [here] -> slope, hillshade, curvature, ruggedness.
Source: Horn (1981), Hill shading and the reflectance map, Proc. IEEE 69(1), the weighted 3x3
differences 1-2-1; Zevenbergen and Thorne (1987), Quantitative analysis of land surface
topography, Earth Surf. Process. Landf. 12, eq. 9 to 13, the coefficients D to H of the 3x3
surface through its points.
Differs: neighbours are subtracted from each other before anything is summed, so that float32 errs
by about 1e-5 degree at any height above the datum (sums of raw elevations err by 2e-3); a cell is
invalid where any of its nine cells is, never extrapolated; cell sides may differ row by row
(degrees).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fusionls.geo.cell_size import Cell, CellSize
from fusionls.geo.raster import BoolArray, FloatArray

HALO = 1
"""Cells the 3x3 kernel reaches beyond a cell."""
Side = np.float32 | FloatArray
"""A side in metres: one number, or one per cell."""


@dataclass(frozen=True)
class Neighbourhood:
    """The eight neighbours of each cell that has all of them.

    Everything but ``elevation`` and ``valid`` is a *run* (n,): the cells from the first that has
    eight neighbours to the last, row after row as they lie in memory. A neighbour is then the same
    run begun some cells earlier or later, and no pass over it breaks off at the end of a row. At
    each seam between rows two cells are in it whose numbers mean nothing; :meth:`plane` drops them.

    Attributes:
        elevation: (H, W) float32, metres, finite, in one piece.
        valid: (H, W).
        east: Cell side from west to east, metres: one number, or a run.
        north: Cell side from south to north, alike.
    """

    elevation: FloatArray
    valid: BoolArray
    east: Side
    north: Side

    @classmethod
    def of(cls, elevation: FloatArray, valid: BoolArray, cell: Cell) -> Neighbourhood:
        """Look at a grid.

        Args:
            elevation: (H, W), metres; anything where invalid.
            valid: (H, W).
            cell: Side of square cells in metres, or the sides row by row.

        Raises:
            ValueError: The side is not positive, or the arrays are not of one 2-D shape.
        """
        east, north = sides(elevation, valid, cell)
        filled = elevation if valid.all() else np.where(valid, elevation, np.float32(0))
        filled = np.ascontiguousarray(filled, np.float32)
        if isinstance(east, np.ndarray) and isinstance(north, np.ndarray):
            cols = elevation.shape[1]
            east, north = (np.repeat(s[HALO:-HALO], cols)[HALO:-HALO] for s in (east, north))
        return cls(filled, valid, east, north)

    @property
    def _width(self) -> int:
        """Cells from a cell to the one below it."""
        return self.elevation.shape[1]

    @property
    def _length(self) -> int:
        """Cells of a run."""
        return self.elevation.size - 2 * (self._width + 1)

    def _run(self, cells: FloatArray, step: int) -> FloatArray:
        """The run that begins ``step`` cells into ``cells``."""
        return cells[step : step + self._length]

    @cached_property
    def sound(self) -> BoolArray:
        """(H - 2, W - 2): all nine cells are valid."""
        across = self.valid[:, :-2] & self.valid[:, 1:-1] & self.valid[:, 2:]
        found: BoolArray = across[:-2] & across[1:-1] & across[2:]
        return found

    @cached_property
    def eastward(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Rise over two cells toward the east: in the northern, the own and the southern row.

        Exact where both heights are within a factor of two.
        """
        cells = self.elevation.ravel()
        rise = cells[2:] - cells[:-2]
        return self._run(rise, 0), self._run(rise, self._width), self._run(rise, 2 * self._width)

    @cached_property
    def northward(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Rise over two cells toward the north: in the western, the own and the eastern column."""
        cells = self.elevation.ravel()
        rise = cells[: -2 * self._width] - cells[2 * self._width :]
        return self._run(rise, 0), self._run(rise, 1), self._run(rise, 2)

    @cached_property
    def _rises(self) -> list[tuple[FloatArray, FloatArray]]:
        """Rise from a neighbour to the cell and from the cell to the neighbour across.

        West and east, north and south, and both diagonals; both runs of a pair are cut from the
        same differences, which are taken once.
        """
        cells, first = self.elevation.ravel(), self._width + 1
        found = []
        for step in (1, self._width, self._width + 1, self._width - 1):
            rise = cells[step:] - cells[:-step]
            found.append((self._run(rise, first - step), self._run(rise, first)))
        return found

    @cached_property
    def bends(self) -> tuple[FloatArray, ...]:
        """Sums of the heights of two opposite neighbours above the cell, as :attr:`_rises`."""
        return tuple(after - before for before, after in self._rises)

    @cached_property
    def squared_rises(self) -> FloatArray:
        """Sum of the squared differences to the eight neighbours."""
        total: FloatArray | None = None
        for before, after in self._rises:
            pair = before * before
            pair += after * after
            total = pair if total is None else np.add(total, pair, out=total)
        assert total is not None  # there are four pairs
        return total

    def furthest(self, of: np.ufunc) -> FloatArray:
        """The maximum or the minimum of the nine cells, by its ufunc."""
        cells = self.elevation.ravel()  # three cells along, then three down: half of the work
        along = of(cells[:-2], cells[1:-1])
        of(along, cells[2:], out=along)
        down = of(self._run(along, 0), self._run(along, self._width))
        found: FloatArray = of(down, self._run(along, 2 * self._width), out=down)
        return found

    @cached_property
    def horn(self) -> tuple[FloatArray, FloatArray]:
        """Rise toward the east and the north, metres per metre, by Horn's weights."""
        found = []
        for (first, own, last), side in ((self.eastward, self.east), (self.northward, self.north)):
            rise = own + own
            rise += first
            rise += last
            rise *= np.float32(0.125) / side
            found.append(rise)
        return found[0], found[1]

    @cached_property
    def horn_squares(self) -> tuple[FloatArray, FloatArray]:
        """Squares of the two parts of Horn's gradient."""
        east, north = self.horn
        return east * east, north * north

    @cached_property
    def horn_squared(self) -> FloatArray:
        """Square of the length of Horn's gradient."""
        east, north = self.horn_squares
        return east + north

    @cached_property
    def normal_length(self) -> FloatArray:
        """Length of the normal (-dz/dx, -dz/dy, 1) of Horn's gradient."""
        length = self.horn_squared + np.float32(1)
        return np.sqrt(length, out=length)

    @cached_property
    def per_fall(self) -> FloatArray:
        """Minus one over the length of Horn's gradient, zero where flat: makes aspect of it."""
        length = np.sqrt(self.horn_squared)
        flat = length == 0
        if flat.any():
            length[flat] = 1
            return np.where(flat, np.float32(0), np.float32(-1) / length)
        return np.divide(np.float32(-1), length, out=length)

    @cached_property
    def zevenbergen_thorne(self) -> tuple[FloatArray, FloatArray]:
        """Rise toward the east and the north through the four direct neighbours (-G and H)."""
        half = np.float32(0.5)
        return self.eastward[1] * (half / self.east), self.northward[1] * (half / self.north)

    @cached_property
    def along_slope(self) -> FloatArray:
        """Second derivative along the steepest slope, 1/m; of flat ground, that of all ways."""
        east, north = self.zevenbergen_thorne
        east_east, north_north, east_north = self.second
        east_squared, north_squared = east * east, north * north
        bend = east * north
        bend *= np.float32(2) * east_north
        bend += east_east * east_squared
        bend += north_north * north_squared
        east_squared += north_squared
        flat = east_squared == 0
        if flat.any():
            bend[flat] = (np.float32(0.5) * (east_east + north_north))[flat]
            east_squared[flat] = 1
        bend /= east_squared
        return bend

    @cached_property
    def second(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Second derivatives, 1/m: east-east (2D), north-north (2E), east-north (F)."""
        one = np.float32(1)
        across = self.bends[0] * (one / (self.east * self.east))
        along = self.bends[1] * (one / (self.north * self.north))
        both = self.eastward[0] - self.eastward[2]
        both *= np.float32(0.25) / (self.east * self.north)
        return across, along, both

    def plane(self, run: FloatArray) -> tuple[FloatArray, BoolArray]:
        """A run put back on the grid (H, W): zero and invalid on rim and voids."""
        values = np.empty(self.elevation.shape, np.float32)
        values.ravel()[self._width + 1 : -self._width - 1] = run
        values[0], values[-1], values[:, 0], values[:, -1] = 0, 0, 0, 0
        if not self.is_sound:
            values[~self.framed_sound] = 0
        return values, self.framed_sound

    @cached_property
    def is_sound(self) -> bool:
        """Whether every cell but the rim has nine valid cells."""
        return bool(self.sound.all())

    @cached_property
    def framed_sound(self) -> BoolArray:
        """(H, W): all nine cells are there and valid."""
        valid = np.zeros(self.elevation.shape, bool)
        valid[1:-1, 1:-1] = self.sound
        return valid

    @property
    def is_empty(self) -> bool:
        """Whether no cell has eight neighbours."""
        return min(self.elevation.shape) < 3


def sides(elevation: FloatArray, valid: BoolArray, cell: Cell) -> tuple[Side, Side]:
    """Cell sides as float32: one number each, or (H, 1).

    Raises:
        ValueError: The side is not positive, or the arrays are not of one 2-D shape.
    """
    if elevation.ndim != 2 or elevation.shape != valid.shape:
        raise ValueError(
            f'elevation and valid must be of one 2-D shape, got {elevation.shape}, {valid.shape}'
        )
    if isinstance(cell, CellSize):
        if len(cell.east) != len(elevation):
            raise ValueError(
                f'cell sides of {len(cell.east)} rows do not fit {len(elevation)} rows'
            )
        return cell.east[:, None].astype(np.float32), cell.north[:, None].astype(np.float32)
    if not cell > 0:
        raise ValueError(f'pixel must be > 0 m, got {cell}')
    return np.float32(cell), np.float32(cell)
