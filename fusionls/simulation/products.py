"""A valley as files, in the form in which a user receives products from four providers.

Flow: Valley -> [here] -> scene description and files -> sources.
Every file says that it is simulated: GeoTIFFs by the tag ``simulated``, the inventory by a field,
the scene description by its key.
"""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import yaml
from rasterio.features import shapes
from shapely.geometry import shape
from shapely.ops import unary_union

from fusionls.geo.grid import Grid
from fusionls.geo.raster_io import new_geotiff, written_whole
from fusionls.geo.vector_io import write_polygons
from fusionls.simulation.sensors import LEAST_COHERENCE, Product
from fusionls.simulation.valley import Valley, make_valley

OPTICAL_SCALE = 10_000
"""Counts of the optical product per unit of reflectance; 0 is no data."""


def simulate_valley(
    folder: str | Path,
    *,
    seed: int,
    size: int = 512,
    pixel: float = 5.0,
    lidar_after_event: bool = False,
) -> Path:
    """Simulate a valley and write its products.

    Args:
        folder: Created where missing.
        seed: >= 0; see :func:`fusionls.simulation.valley.make_valley`.
        size: Base pixels per side, a multiple of 8.
        pixel: Base pixel, metres.
        lidar_after_event: Fly the LiDAR after the fresh landslides.

    Returns:
        The path of ``scene.yaml``.

    Raises:
        ValueError: An argument is out of its range.
        OutputError: A file could not be written.
    """
    valley = make_valley(seed, size, pixel, lidar_after_event=lidar_after_event)
    return write_valley(valley, folder)


def write_valley(valley: Valley, folder: str | Path) -> Path:
    """Write the products of a valley; ``scene.yaml`` comes last.

    Optical counts (reflectance x 10000, uint16, 0 is no data), coarse DEM (m, longitude and
    latitude), velocity (mm/yr) and coherence, LiDAR bare earth and surface (m), the true
    landslides and the scene description.

    Args:
        valley: From :func:`fusionls.simulation.valley.make_valley`.
        folder: Created where missing.

    Returns:
        The path of ``scene.yaml``.

    Raises:
        OutputError: A file could not be written.
    """
    folder = Path(folder)
    counts = np.rint(np.nan_to_num(valley.optical) * OPTICAL_SCALE).astype(np.uint16)
    tags = {
        'simulated': 'true',
        'description': f'simulated by fusionls, seed {valley.seed}; not a measurement',
    }

    def write(name: str, grid: Grid, bands: list[str], values: np.ndarray, unit: str) -> None:
        nodata = 0.0 if values.dtype == np.uint16 else float('nan')
        with new_geotiff(
            folder / name, grid, bands, str(values.dtype), nodata, 'deflate', {**tags, 'unit': unit}
        ) as writer:
            writer.write(values, grid.window)

    def one(values: Product) -> Product:
        return values[None].astype(np.float32)

    bands = ['red', 'green', 'blue', 'nir']
    write('optical.tif', valley.grid, bands, counts, 'reflectance x 10000')
    write('dem.tif', valley.dem_grid, ['elevation'], one(valley.dem), 'm')
    write('velocity.tif', valley.insar_grid, ['velocity'], one(valley.velocity * 1000), 'mm/yr')
    write('coherence.tif', valley.insar_grid, ['coherence'], one(valley.coherence), '1')
    write('dtm.tif', valley.grid, ['ground'], one(valley.dtm), 'm')
    write('dsm.tif', valley.grid, ['surface'], one(valley.dsm), 'm')
    write_polygons(inventory(valley), folder / 'inventory.gpkg', 'landslides')
    scene = folder / 'scene.yaml'
    with written_whole(scene) as beside:
        beside.write_text(yaml.safe_dump(description(valley), sort_keys=False), encoding='utf-8')
    return scene


def inventory(valley: Valley) -> geopandas.GeoDataFrame:
    """The true landslides as polygons along pixel edges, so that they rasterise to the truth.

    Returns:
        Fields ``id``, ``type``, ``area_m2``, ``volume_m3``, ``slope`` (degrees), ``aspect``
        (degrees), ``speed_mm_yr`` (downslope), ``los_mm_yr`` (toward the satellite),
        ``simulated``.
    """
    parts: dict[int, list] = {slide.id: [] for slide in valley.landslides}
    for outline, number in shapes(
        valley.truth, mask=valley.truth > 0, transform=valley.grid.transform
    ):
        parts[int(number)].append(shape(outline))
    rows = [
        {
            'id': slide.id,
            'type': slide.kind.value,
            'area_m2': slide.area_m2,
            'volume_m3': slide.volume_m3,
            'slope': slide.slope,
            'aspect': slide.aspect,
            'speed_mm_yr': slide.speed * 1000,
            'los_mm_yr': slide.los_velocity * 1000,
            'simulated': True,
            'geometry': unary_union(parts[slide.id]),
        }
        for slide in valley.landslides
    ]
    return geopandas.GeoDataFrame(rows, geometry='geometry', crs=valley.grid.crs)


def description(valley: Valley) -> dict:
    """The scene description (``scene.yaml``) of a written valley."""
    optical = [f'optical_{band}' for band in ('red', 'green', 'blue', 'nir')]
    return {
        'name': valley.name,
        'simulated': True,
        'grid': {
            'crs': valley.grid.crs.to_string(),
            'pixel': float(valley.grid.pixel),
            'bounds': [float(v) for v in valley.grid.bounds],
        },
        'modalities': {
            'optical': {'sources': [{'file': 'optical.tif', 'layers': optical}]},
            'terrain': {
                'sources': [{'file': 'dem.tif', 'layers': ['terrain_elevation'], 'unit': 'm'}]
            },
            'insar': {
                'sources': [
                    {'file': 'velocity.tif', 'layers': ['insar_velocity_los'], 'unit': 'mm/yr'},
                    {
                        'file': 'coherence.tif',
                        'layers': ['insar_coherence'],
                        'mask_below': LEAST_COHERENCE,
                    },
                ]
            },
            'lidar': {
                'sources': [
                    {'file': 'dtm.tif', 'layers': ['lidar_ground'], 'unit': 'm'},
                    {'file': 'dsm.tif', 'layers': ['lidar_surface'], 'unit': 'm'},
                ],
                'derive': ['lidar_canopy_height', 'lidar_slope', 'lidar_hillshade'],
            },
        },
        'landslides': {'file': 'inventory.gpkg', 'layer': 'landslides'},
    }
