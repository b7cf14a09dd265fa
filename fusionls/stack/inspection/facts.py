"""What a file holds, in words: CRS, pixel, extent, layout.

Flow: grids, open rasters, stack.sample -> [here] -> findings.Facts.
"""

from __future__ import annotations

from rasterio.io import DatasetReader

from fusionls.geo.coordinate_grid import transformer
from fusionls.geo.grid import Grid
from fusionls.stack.inspection.findings import Facts
from fusionls.stack.inspection.together import ground_pixel
from fusionls.stack.sample import Sample

_LONGEST_CODE = 20


def facts_of(sample: Sample, layers: str, stored: str) -> Facts:
    """Facts of a file of which there is a sample."""
    grid = sample.grid
    code = grid.crs.to_string()
    return Facts(
        sample.subject,
        layers,
        code if len(code) < _LONGEST_CODE else grid.crs.name,
        _pixel(grid),
        f'{grid.rows} x {grid.cols}',
        _extent(grid),
        sample.valid_share,
        sample.ranges,
        stored,
    )


def stored_text(dataset: DatasetReader) -> str:
    """Data type, blocks and nodata of an open raster."""
    height, width = dataset.block_shapes[0]
    nodata = '' if dataset.nodata is None else f', nodata {dataset.nodata:g}'
    return f'{dataset.count} x {dataset.dtypes[0]}, blocks {height} x {width}{nodata}'


def _pixel(grid: Grid) -> str:
    """Size of a pixel on the ground, and in its CRS where that counts in degrees."""
    ground = ground_pixel(grid)
    metres = '' if ground is None else f'{ground[0]:.4g} x {ground[1]:.4g} m'
    if grid.crs.is_projected:
        return metres
    return f'{grid.pixel_width:.4g} x {grid.pixel_height:.4g} deg, {metres}'


def _extent(grid: Grid) -> str:
    """West, south, east, north in degrees."""
    geographic = grid.crs.geodetic_crs or grid.crs
    to_degrees = transformer(grid.crs.to_wkt(), geographic.to_wkt())
    bounds = to_degrees.transform_bounds(*grid.bounds, densify_pts=21)
    return ', '.join(f'{n:.3f}' for n in bounds)
