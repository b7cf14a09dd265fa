"""Choose the base grid of a scene: as asked for, else that of its first source.

Flow: stack.scene, the open sources -> [here] -> stack.align.
"""

from __future__ import annotations

import math

import pyproj

from fusionls.geo.grid import Grid
from fusionls.geo.window import Window
from fusionls.sources.source import Source
from fusionls.stack.aligned import Mosaic
from fusionls.stack.scene_parts import SceneGrid

_MAX_SIDE = 2_000_000
"""Rows or columns beyond which a grid is a slip of the pen (a pixel given in degrees)."""


def base_grid(asked: SceneGrid, mosaic: Mosaic | None, problems: list[str]) -> Grid | None:
    """The base grid, before it is filled up to whole coarse pixels.

    Args:
        asked: What the description says.
        mosaic: The first product of the scene; None where it could not be opened.
        problems: What is wrong is added here.
    """
    if mosaic is None:
        if asked.crs is None or asked.pixel is None or asked.bounds is None:
            return None  # the first source, which would tell the rest, is among the problems
        return _grid_of_bounds(asked.crs, asked.pixel, asked.bounds, problems)
    source, own = mosaic[0], mosaic[0].grid
    crs = asked.crs or own.crs
    same_crs = crs == own.crs
    if not crs.is_projected:
        problems.append(
            f'grid: {source.path.name}, the first source, is in {own.crs.name}, which is not '
            f'projected; say the base grid: grid: {{crs: {utm_code(own)}, pixel: ...}}'
        )
        return None
    square = math.isclose(own.pixel_width, own.pixel_height, rel_tol=1e-6)
    if asked.pixel is None and not (same_crs and square):
        problems.append(
            f'grid: {source.path.name}, the first source, has pixels of {own.pixel_width:g} x '
            f'{own.pixel_height:g} in {own.crs.name}; say the base pixel: '
            f'grid: {{crs: {crs.to_string() if asked.crs else utm_code(own)}, pixel: ...}}'
        )
        return None
    pixel = asked.pixel or own.pixel_width
    if asked.bounds is not None:
        return _grid_of_bounds(crs, pixel, asked.bounds, problems)
    extents = [_extent(part, crs, problems) for part in mosaic]
    known = [extent for extent in extents if extent is not None]
    if len(known) < len(extents):
        return None
    west, south, east, north = (
        pick(side)
        for pick, side in zip((min, min, max, max), zip(*known, strict=True), strict=True)
    )
    if not same_crs:
        west, north = math.floor(west / pixel) * pixel, math.ceil(north / pixel) * pixel
    return _grid_of_bounds(crs, pixel, (west, south, east, north), problems)


def _extent(
    source: Source, crs: pyproj.CRS, problems: list[str]
) -> tuple[float, float, float, float] | None:
    """West, south, east, north of a source in a CRS."""
    own = source.grid
    if own.crs == crs:
        return own.bounds
    try:
        to_base = pyproj.Transformer.from_crs(own.crs, crs, always_xy=True)
        bounds = to_base.transform_bounds(*own.bounds, densify_pts=50)
    except pyproj.exceptions.ProjError as error:
        problems.append(f'grid: {source.path.name} cannot be brought to {crs.name}: {error}')
        return None
    if not all(map(math.isfinite, bounds)):
        problems.append(f'grid: {source.path.name} does not lie where {crs.name} is defined')
        return None
    west, south, east, north = bounds
    return west, south, east, north


def _grid_of_bounds(
    crs: pyproj.CRS, pixel: float, bounds: tuple[float, float, float, float], problems: list[str]
) -> Grid | None:
    west, south, east, north = bounds
    # a thousandth of a pixel is rounding, not another row
    rows = max(math.ceil((north - south) / pixel - 1e-3), 1)
    cols = max(math.ceil((east - west) / pixel - 1e-3), 1)
    if max(rows, cols) > _MAX_SIDE:
        problems.append(
            f'grid: bounds {tuple(round(b, 6) for b in bounds)} hold {rows} x {cols} pixels of '
            f'{pixel:g}; check pixel, which is in units of {crs.name} (metres, as a rule)'
        )
        return None
    return Grid(crs, west, north, pixel, pixel, rows, cols)


def filled_up(grid: Grid, factor: int) -> Grid:
    """The grid with rows and columns added, south and east, to multiples of ``factor``."""
    return grid.part(
        Window(0, 0, -(-grid.rows // factor) * factor, -(-grid.cols // factor) * factor)
    )


def utm_code(grid: Grid) -> str:
    """Code of the UTM zone of a grid's centre: ``EPSG:32643``."""
    west, south, east, north = grid.bounds
    to_degrees = pyproj.Transformer.from_crs(grid.crs, grid.crs.geodetic_crs, always_xy=True)
    longitude, latitude = to_degrees.transform((west + east) / 2, (south + north) / 2)
    zone = int((longitude + 180) // 6) % 60 + 1
    return f'EPSG:{32600 + zone if latitude >= 0 else 32700 + zone}'


def shown(grid: Grid) -> str:
    """Bounds and CRS of a grid, for an error text."""
    bounds = ', '.join(f'{value:.10g}' for value in grid.bounds)
    return f'({bounds}) in {grid.crs.name}'
