"""Do files fit together: do they overlap, agree in height, and lie on each other?

Flow: files or sources with their grids -> [here] -> findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyproj

from fusionls.geo.cell_size import CellSize, cell_size
from fusionls.geo.coordinate_grid import CoordinateGrid, transformer
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.resample import Resampler
from fusionls.geo.window import Window
from fusionls.layers.derivation import derive
from fusionls.quantities import Kind
from fusionls.stack.base_grid import utm_code
from fusionls.stack.coregistration import LEAST_MOVE, Shift
from fusionls.stack.inspection.findings import Finding, Severity
from fusionls.stack.inspection.roles import ELEVATION
from fusionls.stack.phase_correlation import Tile, shift_of, tile_windows

PROBES = 64
"""Points along each side of a file that are looked for in another."""
FOOT = 0.3048
COMPARED = ('optical', 'terrain_elevation', 'radar_backscatter', 'thermal')
"""Starts of roles whose edges are those of the ground."""
MOST_COMPARED = 20
"""Files whose shift is measured."""
_MOST_SIDE = 1 << 15  # pixels of the grid two files are compared on


@dataclass(frozen=True)
class Placed:
    """A file or a source of which it is known where it lies and what it is.

    Attributes:
        subject: Its name.
        grid: Its grid.
        role: What it is: a layer name, or the start of one.
        read: Reads a window: values (bands, h, w) and valid, alike.
        bands: How many bands.
    """

    subject: str
    grid: Grid
    role: str
    read: Callable[[Window], tuple[FloatArray, BoolArray]]
    bands: int


def ground_pixel(grid: Grid) -> tuple[float, float] | None:
    """Width and height of a pixel in the middle of a grid, metres; None where there is none."""
    middle = grid.part(Window(grid.rows // 2, 0, 1, grid.cols))
    try:
        size = cell_size(middle)
    except ValueError:
        return None  # beyond a pole
    if isinstance(size, CellSize):
        return float(size.east[0]), float(size.north[0])
    return size, size


def together_findings(placed: Sequence[Placed]) -> Iterator[Finding]:
    """What is wrong between files; the first one is what the others are compared with."""
    if len(placed) < 2:
        return
    first = placed[0]
    beside = []
    for other in placed[1:]:
        share = covered_share(other.grid, first.grid)
        if share > 0:
            beside.append(other)
            if share < 0.5:
                yield Finding(
                    Severity.NOTE,
                    other.subject,
                    'overlap',
                    f'covers {share:.0%} of {first.subject}',
                )
            continue
        yield Finding(
            Severity.ERROR,
            other.subject,
            'overlap',
            f'does not overlap {first.subject}: it lies on {other.grid}, that on {first.grid}',
            _why_apart(other.grid, first.grid),
        )
    yield from _heights([first, *beside])
    yield from _shifts([first, *beside])


def covered_share(source: Grid, target: Grid) -> float:
    """Share of the target's area that lies inside the source; 0 where they cannot be related."""
    at = (np.arange(PROBES) + 0.5) / PROBES
    cols, rows = np.meshgrid(at * target.cols, at * target.rows)
    try:
        cols, rows = CoordinateGrid(source, target).exact(cols, rows)
        inside = (cols >= 0) & (cols < source.cols) & (rows >= 0) & (rows < source.rows)
        if inside.any():
            return float(inside.mean())
        return 1 / PROBES**2 if Resampler(source, target).overlaps else 0.0
    except pyproj.exceptions.ProjError:
        return 0.0


def _why_apart(grid: Grid, other: Grid) -> str:
    """The slip that would explain why two grids lie apart."""
    if not grid.crs.equals(other.crs) and covered_share(replace(grid, crs=other.crs), other) > 0:
        return f'It would, were its CRS {other.crs.to_string()}: check what is written in the file.'
    zone = grid.crs.utm_zone
    if zone:
        number, south = int(zone[:-1]), zone.endswith('S')
        near = [(number - 1, south), (number + 1, south), (number, not south)]
        for guess, down in near:
            code = (32700 if down else 32600) + (guess - 1) % 60 + 1
            if covered_share(replace(grid, crs=pyproj.CRS(code)), other) > 0:
                return f'It would, were its CRS EPSG:{code}: check the zone written in the file.'
    if grid.crs.is_geographic:
        swapped = replace(
            grid, west=grid.south, north=grid.east, pixel_width=grid.pixel_height,
            pixel_height=grid.pixel_width, rows=grid.cols, cols=grid.rows,
        )  # fmt: skip
        if covered_share(swapped, other) > 0:
            return 'It would, were longitude and latitude exchanged: check how it was made.'
    return 'Check the CRS and the place of both; files of another scene do not belong here.'


def _heights(placed: Sequence[Placed]) -> Iterator[Finding]:
    """Elevations of one place that differ by the length of a foot."""
    ground = [p for p in placed if p.role == ELEVATION]
    for other in ground[1:]:
        target = _coarse_common(other.grid, ground[0].grid)
        if target is None:
            continue
        planes = [
            Resampler(p.grid, target).part(p.read, target.window, [Kind.CONTINUOUS] * p.bands)
            for p in (ground[0], other)
        ]
        both = planes[0][1][0] & planes[1][1][0] & (np.abs(planes[0][0][0]) > 10)
        if both.sum() < 50:
            continue
        ratio = float(np.median(planes[1][0][0][both] / planes[0][0][0][both]))
        for factor, subject in ((1 / FOOT, other.subject), (FOOT, ground[0].subject)):
            if abs(ratio / factor - 1) < 0.02:
                yield Finding(
                    Severity.WARNING,
                    subject,
                    'unit',
                    f'heights are {max(ratio, 1 / ratio):.2f} times those of the other elevation '
                    f'({ground[0].subject}, {other.subject}): they are in feet',
                    'Say unit: ft (or us-ft) of the source in the scene.',
                )


def _coarse_common(grid: Grid, other: Grid) -> Grid | None:
    """A grid over the second with few enough pixels to be read at once."""
    factor = max(1, -(-max(other.shape) // 512))
    shape = other.rows // factor, other.cols // factor
    if min(shape) < 1 or covered_share(grid, other) == 0:
        return None
    return replace(
        other,
        pixel_width=other.pixel_width * factor,
        pixel_height=other.pixel_height * factor,
        rows=shape[0],
        cols=shape[1],
    )


def _shifts(placed: Sequence[Placed]) -> Iterator[Finding]:
    compared = [p for p in placed if p.role.startswith(COMPARED)]
    seen: list[Placed] = []
    for one in compared:  # of single bands on one grid that show the same, one is enough
        alike = (s for s in seen if s.role == one.role and s.bands == one.bands == 1)
        if not any(one.grid.is_same_as(s.grid) for s in alike):
            seen.append(one)
    for other in seen[1 : MOST_COMPARED + 1]:
        target = common_metric_grid(seen[0].grid, other.grid)
        if target is None:
            continue
        found = shift_of(_tiles(seen[0], other, target))
        shift = Shift.of(other.subject, seen[0].subject, found, target.pixel)
        if shift.is_worth_a_move:
            yield Finding(
                Severity.WARNING,
                other.subject,
                'shift',
                str(shift),
                'tools/build_stack.py --fix-shift moves it; or correct the place of the file.',
            )
        elif not shift.decided:
            yield Finding(
                Severity.NOTE,
                other.subject,
                'shift',
                f'whether it lies on {seen[0].subject} cannot be told: their edges have too '
                f'little in common (height {shift.height:.1f}, agreement {shift.agreement:.0%} of '
                f'{shift.tiles} tiles)',
            )
        else:
            yield Finding(
                Severity.NOTE,
                other.subject,
                'shift',
                f'lies on {seen[0].subject} to {shift.pixels:.1f} pixels of {target.pixel:.3g} m '
                f'(less than {LEAST_MOVE:g} is within what light does)',
            )


def common_metric_grid(first: Grid, other: Grid) -> Grid | None:
    """Square metric pixels, as large as the coarser ones, where two grids overlap."""
    sizes = [ground_pixel(grid) for grid in (first, other)]
    if None in sizes:
        return None
    pixel = max(float(np.sqrt(size[0] * size[1])) for size in sizes if size is not None)
    crs = first.crs if first.crs.is_projected else pyproj.CRS(utm_code(first))
    unit = float(crs.axis_info[0].unit_conversion_factor)
    pixel /= unit
    bounds = []
    for grid in (first, other):
        try:
            to_common = transformer(grid.crs.to_wkt(), crs.to_wkt())
            bounds.append(to_common.transform_bounds(*grid.bounds, densify_pts=21))
        except pyproj.exceptions.ProjError:
            return None
    west, south = (max(b[i] for b in bounds) for i in (0, 1))
    east, north = (min(b[i] for b in bounds) for i in (2, 3))
    extents = np.array([north - south, east - west])
    if not np.isfinite(extents).all() or (extents < pixel).any():
        return None
    rows, cols = (int(n) for n in np.minimum(extents // pixel, _MOST_SIDE))
    return Grid(crs, west, north, pixel, pixel, rows, cols)


def _tiles(first: Placed, other: Placed, target: Grid) -> Iterator[Tile]:
    readers = [(p, Resampler(p.grid, target)) for p in (first, other)]
    for window in tile_windows(*target.shape):
        read = []
        for p, resampler in readers:
            values, valid = resampler.part(p.read, window, [Kind.CONTINUOUS] * p.bands)
            if p.role == ELEVATION:  # not the height, whose gradient is slope
                lit, sound = derive(
                    {ELEVATION: (values[0], valid[0])}, ['terrain_hillshade'], target.pixel
                )['terrain_hillshade']
                values, valid = lit[None], sound[None]
            read += [values, valid.all(0)]
        yield read[0], read[1], read[2], read[3]
